#include "store/made_run.hpp"

#include <limits>
#include <span>

#include <hones/base/digest.hpp>

namespace hones::test {

namespace {

using table::CellBlock;
using table::CellState;
using table::InstanceState;

constexpr table::Shape kShape{3, 4, 5};
constexpr std::int64_t kInstances = 11;
constexpr std::int64_t kCandidates = 7;
constexpr std::int64_t kAnswerLimit = 6;
constexpr std::int64_t kLayerNotAsked = 1;

std::uint64_t mix(Kind kind, std::int64_t a, std::int64_t b, std::int64_t c = 0) {
  std::uint64_t x =
      static_cast<std::uint64_t>(kind) * 1000003 + static_cast<std::uint64_t>((a * 131 + b) * 137 + c);
  x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL;
  return x ^ (x >> 32);
}
double unit_value(std::uint64_t x) {
  return static_cast<double>(x % 1000003) / 1000003.0;
}

InstanceState instance_state(Kind kind, std::int64_t i) {
  if (kind == Kind::nothing || i == 3) return InstanceState::excluded;
  return i == kInstances - 1 ? InstanceState::not_done : InstanceState::done;
}

CellState cell_state(Kind kind, std::int64_t i, std::int64_t column) {
  const std::int64_t layer = column == 0 ? 0 : (column - 1) / kShape.heads;
  if (column > 0 && layer == kLayerNotAsked) return CellState::not_asked;
  if (instance_state(kind, i) != InstanceState::done) return CellState::not_done;
  if (column == 0) return CellState::unchanged;
  const std::uint64_t x = mix(kind, i, column) % 10;
  return x == 0 ? CellState::invalid : x < 4 ? CellState::changed : CellState::unchanged;
}

bool has_value(CellState state) {
  return state == CellState::unchanged || state == CellState::changed;
}

double utility(Kind kind, std::int64_t i, std::int64_t column) {
  return has_value(cell_state(kind, i, column)) ? unit_value(mix(kind, i, column, 1))
                                                : std::numeric_limits<double>::quiet_NaN();
}
float logprob(Kind kind, std::int64_t i, std::int64_t column) {
  return has_value(cell_state(kind, i, column)) ? static_cast<float>(-unit_value(mix(kind, i, column, 2)))
                                                : std::numeric_limits<float>::quiet_NaN();
}

CellBlock made_block(const table::TaskCells& cells, Kind kind, std::int64_t i, std::int64_t begin,
                     std::int64_t end) {
  CellBlock block;
  block.instance = i;
  block.begin = begin;
  for (std::int64_t column = begin; column < end; ++column) {
    const CellState state = cell_state(kind, i, column);
    const bool valued = has_value(state);
    block.states.push_back(state);
    block.utility.push_back(utility(kind, i, column));
    block.answer_logprob.push_back(logprob(kind, i, column));
    for (std::int64_t c = 0; c < cells.candidates; ++c) {
      block.scores.push_back(valued ? static_cast<float>(unit_value(mix(kind, i, column, 10 + c)))
                                    : std::numeric_limits<float>::quiet_NaN());
    }
    for (std::int64_t c = 0; c < cells.counts; ++c) {
      block.counts.push_back(valued ? static_cast<std::uint16_t>(mix(kind, i, column, 50) % 60000 +
                                                                 static_cast<std::uint64_t>(c))
                                    : table::kNoCount);
    }
    if (cells.answer_limit == 0) continue;
    auto& answer = block.answers.emplace_back();
    if (state != CellState::changed && !(column == 0 && valued)) continue;
    const auto length = static_cast<std::int64_t>(mix(kind, i, column, 90) % (kAnswerLimit + 1));
    for (std::int64_t k = 0; k < length; ++k)
      answer.push_back(static_cast<std::int32_t>(mix(kind, i, column, 91 + k) % 32000));
  }
  return block;
}

std::vector<double> series(std::int64_t n, Kind kind, std::int64_t salt) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(unit_value(mix(kind, salt, i)) - 0.5);
  return values;
}

std::vector<std::int64_t> sums_of(std::int64_t n, Kind kind, std::int64_t salt) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<std::int64_t>(mix(kind, salt, i)) >> 3);
  return values;
}

}  // namespace

store::FileHeader made_header() {
  store::FileHeader header;
  header.model_family = "llava";
  header.shape = kShape;
  header.dtype = "fp32";
  header.model_digest = "sha256:1234";
  header.benchmark_digest = "sha256:5678";
  header.settings_json = R"({"top_k": 3, "name": "ä"})";
  header.environment = {{"git_commit", "0123abcd"}, {"libtorch", "2.11.0"}, {"empty", ""}};
  return header;
}

int owner(std::int64_t instance, std::int64_t layer, int ranks) {
  if (ranks == 1) return 0;
  const std::uint64_t x = mix(Kind::vqa, instance / 2, layer, 7);
  if (ranks == 2 || x % 3 != 0) return 0;
  return 1 + static_cast<int>(x / 3 % static_cast<std::uint64_t>(ranks - 2));
}

table::TaskCells made_cells(Kind kind, int rank, int ranks) {
  table::TaskCells cells;
  cells.task = kind == Kind::vqa         ? "vqa"
               : kind == Kind::caption   ? "caption"
               : kind == Kind::retrieval ? "retrieval"
                                         : "ocr";
  cells.metric = kind == Kind::caption ? "bleu4:sentence" : cells.task + ":variant";
  cells.definition = R"({"name":")" + cells.task + R"(","prompt":"What is {vqa.question}?"})";
  cells.shape = kShape;
  cells.candidates = kind == Kind::retrieval ? kCandidates : 0;
  cells.answer_limit = kind == Kind::retrieval ? 0 : kAnswerLimit;
  cells.counts = kind == Kind::caption ? 10 : 0;
  for (std::int64_t i = 0; i < kInstances; ++i) {
    table::Instance instance;
    instance.image_id = "COCO_" + std::string(static_cast<std::size_t>(i), 'x') + std::to_string(i);
    instance.item_id = kind == Kind::vqa ? std::to_string(1000 * i) : "";
    instance.state = instance_state(kind, i);
    if (instance.state == InstanceState::excluded) instance.reason = "images/ä.jpg: cannot be read";
    cells.instances.push_back(instance);
  }
  resize(cells);
  for (std::int64_t i = 0; i < kInstances; ++i) {
    for (std::int64_t column = 0; column < kShape.columns(); ++column) {
      cells.states[cells.at(i, column)] = cell_state(kind, i, column);
      cells.utility[cells.at(i, column)] = utility(kind, i, column);
      cells.answer_logprob[cells.at(i, column)] = logprob(kind, i, column);
    }
    if (rank == -1) cells.own.push_back(made_block(cells, kind, i, 0, kShape.columns()));
  }
  // Blocks in an order that is not the file's.
  for (std::int64_t i = kInstances; rank >= 0 && i-- > 0;) {
    for (std::int64_t layer = 0; layer < kShape.layers; ++layer) {
      if (owner(i, layer, ranks) != rank || layer == kLayerNotAsked) continue;
      const std::int64_t begin = layer == 0 ? 0 : kShape.column(layer, 0);
      cells.own.push_back(made_block(cells, kind, i, begin, kShape.column(layer, 0) + kShape.heads));
    }
  }
  return cells;
}

store::HeadTables made_heads(Kind kind) {
  const std::int64_t n = kShape.layers * kShape.heads;
  store::HeadTables heads;
  heads.importance = series(n, kind, 201);
  heads.ci_low = series(n, kind, 202);
  heads.ci_high = series(n, kind, 203);
  for (std::int64_t i = 0; i < n; ++i) {
    heads.answers_changed.push_back(static_cast<std::uint32_t>(mix(kind, 204, i)));
    heads.valid.push_back(static_cast<std::uint32_t>(mix(kind, 205, i)));
  }
  heads.top = {{2, 3}, {0, 0}, {1, 2}};
  heads.split_half_overlap = 0.7;
  heads.plain_metric = 1.0 / 3;
  heads.plain_together = kind == Kind::caption ? 0.25 : 0;
  return heads;
}

table::NeuronSums made_sums(Kind kind) {
  table::NeuronSums sums = table::make_sums(kShape, {{2, 3}, {0, 1}}, kInstances);
  if (kind == Kind::nothing) sums = table::make_sums(kShape, {}, kInstances);  // no head was stored
  const auto stored = static_cast<std::int64_t>(sums.heads.size());
  const std::int64_t neurons = kShape.layers * kShape.d_ff;
  for (auto& valid : sums.valid) valid = 8;
  sums.head_drop_sum = sums_of(stored * neurons, kind, 301);
  sums.head_signed_sum = sums_of(stored * neurons, kind, 302);
  sums.plain_sum = sums_of(neurons, kind, 303);
  sums.plain_instances = 9;
  return sums;
}

store::NeuronTables made_neurons(Kind kind) {
  const std::int64_t n = kShape.layers * kShape.d_ff;
  store::NeuronTables neurons;
  neurons.plain = series(n, kind, 401);
  neurons.per_instance = series(n, kind, 402);
  neurons.after_mean = series(n, kind, 403);
  neurons.top = {2, 4, 0, 0, 1, 3, 1, 1};
  neurons.mode = choice::NeuronMode::per_instance;
  return neurons;
}

std::string digest(const store::DiscoveryContents& contents) {
  Sha256 sha;
  const auto add = [&]<typename T>(const std::vector<T>& values) {
    const std::uint64_t size = values.size();
    sha.update(std::as_bytes(std::span(&size, 1)));
    sha.update(std::as_bytes(std::span(values)));
  };
  const auto add_text = [&](const std::string& text) { sha.update(text + "\n"); };
  add_text(contents.header.settings_json);
  for (const auto& [name, value] : contents.header.environment) add_text(name + "=" + value);
  for (const auto& [cells, heads, sums, neurons, drawn] : contents.tasks) {
    for (const table::DrawnHeads& seed : drawn) {
      add(std::vector<std::int64_t>{seed.seed});
      add(seed.sums.heads);
      add(seed.sums.head_drop_sum);
      add(seed.neurons.per_instance);
      add(seed.neurons.top);
    }
    add_text(cells.task + "|" + cells.metric);
    for (const auto& i : cells.instances) add_text(i.image_id + "|" + i.item_id + "|" + i.reason);
    for (const auto& block : cells.own) {
      add(block.states);
      add(block.utility);
      add(block.answer_logprob);
      add(block.scores);
      add(block.counts);
      for (const auto& answer : block.answers) add(answer);
    }
    add(heads.importance);
    add(heads.ci_low);
    add(heads.ci_high);
    add(heads.answers_changed);
    add(heads.valid);
    add(heads.top);
    add(std::vector<double>{heads.split_half_overlap, heads.plain_metric, heads.plain_together, sums.scale});
    add(sums.heads);
    add(sums.valid);
    add(sums.head_drop_sum);
    add(sums.head_signed_sum);
    add(sums.plain_sum);
    add(neurons.plain);
    add(neurons.per_instance);
    add(neurons.after_mean);
    add(neurons.top);
    add_text(choice::word(neurons.mode));
  }
  return sha.hex();
}

}  // namespace hones::test
