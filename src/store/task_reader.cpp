#include "task_reader.hpp"

#include <algorithm>
#include <utility>

#include <hones/metric/named.hpp>

namespace hones::store {

using table::Head;
using table::Shape;
using table::TaskCells;

FileHeader read_header(const InputFile& in) {
  const auto version = in.attribute<std::int64_t>("/", "schema_version");
  if (version != kSchemaVersion) {
    in.fail("/",
            "schema_version " + std::to_string(version) + ", expected " + std::to_string(kSchemaVersion));
  }
  FileHeader header;
  header.model_family = in.text_attribute("/", "model_family");
  header.shape.layers = in.attribute<std::int64_t>("/", "layers");
  header.shape.heads = in.attribute<std::int64_t>("/", "heads");
  header.shape.d_ff = in.attribute<std::int64_t>("/", "d_ff");
  if (in.has_attribute("/", "rows")) header.shape.interventions = in.attribute<std::int64_t>("/", "rows");
  const Shape& shape = header.shape;
  if (shape.layers < 1 || shape.heads < 1 || shape.d_ff < 1 || shape.interventions < 0)
    in.fail("/", "layers, heads and d_ff must be positive");
  header.dtype = in.text_attribute("/", "dtype");
  header.model_digest = in.text_attribute("/", "model_digest");
  header.benchmark_digest = in.text_attribute("/", "benchmark_digest");
  const auto settings = in.read<std::uint8_t>("/settings_json", {InputFile::kAny});
  header.settings_json.assign(settings.begin(), settings.end());
  header.environment = in.text_attributes("/environment");
  if (in.has_attribute("/", "environments")) {
    const auto count = in.attribute<std::int64_t>("/", "environments");
    if (count < 2 || count > 255)
      in.fail("/", "environments: " + std::to_string(count) + ", expected 2 to 255");
    for (std::int64_t i = 0; i < count; ++i)
      header.environments.push_back(in.text_attributes("/environments/" + std::to_string(i)));
  }
  return header;
}

std::vector<std::int32_t> read_pairs(const InputFile& in, const std::string& path, std::int64_t rows,
                                     std::int64_t first, std::int64_t second) {
  auto values = in.read<std::int32_t>(path, {rows, 2});
  for (std::size_t i = 0; i < values.size(); i += 2) {
    if (values[i] < 0 || values[i] >= first || values[i + 1] < 0 || values[i + 1] >= second) {
      in.fail(path, "row " + std::to_string(i / 2) + " is out of range");
    }
  }
  return values;
}

namespace {

// A small code per element, as an enumeration whose largest value is `last`.
template <typename Enum>
std::vector<Enum> read_enum(const InputFile& in, const std::string& path, const InputFile::Dims& dims,
                            Enum last) {
  std::vector<Enum> values;
  for (const std::uint8_t code : in.read<std::uint8_t>(path, dims)) {
    if (code > static_cast<std::uint8_t>(last))
      in.fail(path, "the value " + std::to_string(code) + " has no meaning");
    values.push_back(static_cast<Enum>(code));
  }
  return values;
}

void read_instances(const InputFile& in, const std::string& group, TaskCells& cells) {
  const std::string status_path = group + "/status";
  const auto status = read_enum(in, status_path, {InputFile::kAny}, table::InstanceState::excluded);
  const auto n = static_cast<std::int64_t>(status.size());
  auto image_ids = in.read_strings(group + "/image_id", n);
  auto item_ids = in.read_strings(group + "/item_id", n);
  auto reasons = in.read_strings(group + "/reason", n);
  for (std::size_t i = 0; i < status.size(); ++i) {
    cells.instances.push_back(
        {std::move(image_ids[i]), std::move(item_ids[i]), status[i], std::move(reasons[i])});
  }
}

// The part of `values` ([N, width]) that belongs to one instance.
template <typename T>
std::vector<T> row(const std::vector<T>& values, std::int64_t instance, std::int64_t width) {
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(instance * width);
  return {first, first + static_cast<std::ptrdiff_t>(width)};
}

void read_answers(const InputFile& in, const std::string& group, TaskCells& cells) {
  const std::int64_t columns = cells.shape.columns();
  const std::string ids_path = group + "/ids";
  const InputFile::Dims shape = in.dims(ids_path);
  const auto ids = in.read<std::int32_t>(ids_path, {InputFile::kAny, InputFile::kAny});
  const auto at = read_pairs(in, group + "/at", shape[0], cells.size(), columns);
  cells.answer_limit = shape[1];
  for (auto& block : cells.own) block.answers.resize(static_cast<std::size_t>(columns));
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    auto answer = row(ids, i, cells.answer_limit);
    answer.erase(std::find(answer.begin(), answer.end(), -1), answer.end());
    const auto where = static_cast<std::size_t>(2 * i);
    cells.own[static_cast<std::size_t>(at[where])].answers[static_cast<std::size_t>(at[where + 1])] =
        std::move(answer);
  }
}

}  // namespace

std::vector<Head> read_heads(const InputFile& in, const std::string& path, const Shape& shape) {
  const auto flat = read_pairs(in, path, InputFile::kAny, shape.layers, shape.heads);
  std::vector<Head> heads;
  for (std::size_t i = 0; i < flat.size(); i += 2) heads.push_back({flat[i], flat[i + 1]});
  return heads;
}

TaskCells read_cells(const InputFile& in, const std::string& task, const std::string& group,
                     const Shape& shape) {
  TaskCells cells;
  cells.task = task;
  cells.metric = in.text_attribute(group, "metric");
  if (in.has_attribute(group, "definition")) cells.definition = in.text_attribute(group, "definition");
  cells.shape = shape;
  read_instances(in, group + "/instances", cells);
  const std::int64_t n = cells.size();
  const std::int64_t columns = shape.columns();
  const std::string heads = group + "/heads/";
  cells.states = read_enum(in, heads + "cell", {n, columns}, table::CellState::not_asked);
  cells.utility = in.read<double>(heads + "utility", {n, columns});
  cells.answer_logprob = in.read<float>(heads + "answer_logprob", {n, columns});
  std::vector<float> scores;
  if (in.has(heads + "scores")) {
    scores = in.read<float>(heads + "scores", {n, columns, InputFile::kAny});
    cells.candidates = in.dims(heads + "scores")[2];
  }
  std::vector<std::uint16_t> counts;
  if (const metric::Counts* kept = metric::counts_of(cells.metric)) {
    cells.counts = static_cast<std::int64_t>(kept->size);
    counts = in.read<std::uint16_t>(heads + std::string(kept->dataset), {n, columns, cells.counts});
  }
  std::vector<std::uint8_t> environment;
  cells.by_environment = in.has(heads + "environment");
  if (cells.by_environment) environment = in.read<std::uint8_t>(heads + "environment", {n, columns});

  for (std::int64_t i = 0; i < n; ++i) {
    table::CellBlock block;
    block.instance = i;
    block.states = row(cells.states, i, columns);
    block.utility = row(cells.utility, i, columns);
    block.answer_logprob = row(cells.answer_logprob, i, columns);
    if (cells.candidates > 0) block.scores = row(scores, i, columns * cells.candidates);
    if (cells.counts > 0) block.counts = row(counts, i, columns * cells.counts);
    if (cells.by_environment) block.environment = row(environment, i, columns);
    cells.own.push_back(std::move(block));
  }
  if (in.has(group + "/answers")) read_answers(in, group + "/answers", cells);
  return cells;
}

table::NeuronSums read_sums(const InputFile& in, const std::string& group, const Shape& shape) {
  table::NeuronSums sums;
  sums.heads = read_heads(in, group + "/heads", shape);
  const auto stored = static_cast<std::int64_t>(sums.heads.size());
  const auto valid = in.read<std::uint32_t>(group + "/valid", {stored});
  sums.valid.assign(valid.begin(), valid.end());
  const std::string plain = group + "/plain_sum";
  sums.head_drop_sum = in.read<std::int64_t>(group + "/head_drop_sum", {stored, shape.layers, shape.d_ff});
  sums.head_signed_sum =
      in.read<std::int64_t>(group + "/head_signed_sum", {stored, shape.layers, shape.d_ff});
  sums.plain_sum = in.read<std::int64_t>(plain, {shape.layers, shape.d_ff});
  sums.scale = in.attribute<double>(plain, "scale");
  sums.plain_instances = in.attribute<std::int64_t>(plain, "instances");
  return sums;
}

}  // namespace hones::store
