#include "task_writer.hpp"

#include <algorithm>
#include <limits>

#include <hones/base/error.hpp>

namespace hones::store {

namespace {

using table::TaskCells;

hsize_t dim(std::int64_t n) {
  return static_cast<hsize_t>(n);
}

// The values of the pieces one after the other; values(block) is [columns, width].
template <typename T, typename Values>
std::vector<T> pack(std::span<const Piece> pieces, std::int64_t width, Values values) {
  std::vector<T> packed;
  packed.reserve(static_cast<std::size_t>(count_cells(pieces) * width));
  const auto w = static_cast<std::size_t>(width);
  for (const Piece& piece : pieces) {
    const auto& all = values(*piece.block);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(piece.offset() * w);
    packed.insert(packed.end(), first, first + static_cast<std::ptrdiff_t>(dim(piece.columns()) * w));
  }
  return packed;
}

}  // namespace

void write_header(OutputFile& out, const FileHeader& header) {
  out.attribute("/", "schema_version", kSchemaVersion);
  out.attribute("/", "model_family", header.model_family);
  out.attribute("/", "layers", header.shape.layers);
  out.attribute("/", "heads", header.shape.heads);
  out.attribute("/", "d_ff", header.shape.d_ff);
  if (header.shape.interventions > 0) out.attribute("/", "rows", header.shape.interventions);
  out.attribute("/", "dtype", header.dtype);
  out.attribute("/", "model_digest", header.model_digest);
  out.attribute("/", "benchmark_digest", header.benchmark_digest);
  out.group("/environment");
  for (const auto& [name, value] : header.environment) out.attribute("/environment", name, value);
  if (!header.environments.empty()) {
    out.attribute("/", "environments", static_cast<std::int64_t>(header.environments.size()));
    out.group("/environments");
    for (std::size_t i = 0; i < header.environments.size(); ++i) {
      const std::string group = "/environments/" + std::to_string(i);
      out.group(group);
      for (const auto& [name, value] : header.environments[i]) out.attribute(group, name, value);
    }
  }
  const std::vector<std::uint8_t> settings(header.settings_json.begin(), header.settings_json.end());
  out.write_shared("/settings_json", {settings.size()}, std::span<const std::uint8_t>(settings));
  out.group("/tasks", true);
}

std::vector<std::int32_t> pairs(const std::vector<table::Head>& heads) {
  std::vector<std::int32_t> flat;
  for (const table::Head& head : heads) {
    flat.push_back(head.layer);
    flat.push_back(head.head);
  }
  return flat;
}

void require_all_owned(comm::Communicator& world, const TaskCells& cells, std::int64_t mine,
                       std::chrono::duration<double> limit) {
  std::int64_t computed = 0;
  for (const table::CellState state : cells.states) computed += is_computed(state);
  std::vector<std::int64_t> owned{mine};
  comm::finish(world.sum({owned}), comm::after(limit), "the count of " + cells.task + "'s cells");
  HONES_ASSERT(owned[0] == computed, cells.task + ": the ranks hold " + std::to_string(owned[0]) +
                                         " cells of " + std::to_string(computed) + " computed");
}

const metric::Counts* kept_counts(const TaskCells& cells) {
  const metric::Counts* kept = metric::counts_of(cells.metric);
  HONES_ASSERT(cells.counts == (kept ? static_cast<std::int64_t>(kept->size) : 0),
               cells.task + ": counts that " + cells.metric + " does not keep");
  return kept;
}

void write_instances(OutputFile& out, const std::string& group, const TaskCells& cells) {
  out.group(group);
  std::vector<std::string> image_ids, item_ids, reasons;
  std::vector<std::uint8_t> status;
  for (const table::Instance& instance : cells.instances) {
    image_ids.push_back(instance.image_id);
    item_ids.push_back(instance.item_id);
    reasons.push_back(instance.reason);
    status.push_back(static_cast<std::uint8_t>(instance.state));
  }
  constexpr std::size_t kReasonBytes = 256;
  out.write_shared(group + "/image_id", image_ids);
  out.write_shared(group + "/item_id", item_ids);
  out.write_shared(group + "/status", {status.size()}, std::span<const std::uint8_t>(status));
  out.write_shared(group + "/reason", reasons, kReasonBytes);
}

void write_cells(OutputFile& out, const comm::Communicator& world, const std::string& group,
                 const TaskCells& cells, const std::vector<Piece>& mine) {
  const Dims table{dim(cells.size()), dim(cells.shape.columns())};

  // States: besides the computed cells a share of those not asked for, which nobody computed.
  std::vector<Piece> stated = not_asked_pieces(cells, world);
  stated.insert(stated.end(), mine.begin(), mine.end());
  std::sort(stated.begin(), stated.end(), [](const Piece& a, const Piece& b) {
    return a.instance != b.instance ? a.instance < b.instance : a.begin < b.begin;
  });
  std::vector<std::uint8_t> states;
  for (const Piece& piece : stated) {
    for (std::int64_t column = piece.begin; column < piece.end; ++column) {
      states.push_back(static_cast<std::uint8_t>(cells.states[cells.at(piece.instance, column)]));
    }
  }
  out.write<std::uint8_t>(group + "/cell", table, rectangles(stated), states, 0);

  const std::vector<Slab> slabs = rectangles(mine);
  out.write<double>(group + "/utility", table, slabs,
                    pack<double>(
                        mine, 1, [](const table::CellBlock& b) -> auto& { return b.utility; }),
                    std::numeric_limits<double>::quiet_NaN());
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  out.write<float>(group + "/answer_logprob", table, slabs,
                   pack<float>(
                       mine, 1, [](const table::CellBlock& b) -> auto& { return b.answer_logprob; }),
                   kNan);
  if (cells.by_environment) {
    out.write<std::uint8_t>(group + "/environment", table, slabs,
                            pack<std::uint8_t>(
                                mine, 1, [](const table::CellBlock& b) -> auto& { return b.environment; }),
                            0);
  }
  if (cells.candidates > 0) {
    const Dims width{dim(cells.candidates)};
    out.write<float>(group + "/scores", {table[0], table[1], width[0]}, rectangles(mine, width),
                     pack<float>(
                         mine, cells.candidates, [](const table::CellBlock& b) -> auto& { return b.scores; }),
                     kNan);
  }
  if (const metric::Counts* kept = kept_counts(cells)) {
    const Dims width{kept->size};
    out.write<std::uint16_t>(
        group + "/" + std::string(kept->dataset), {table[0], table[1], width[0]}, rectangles(mine, width),
        pack<std::uint16_t>(
            mine, cells.counts, [](const table::CellBlock& b) -> auto& { return b.counts; }),
        table::kNoCount);
  }
}

void write_answers(OutputFile& out, const std::string& group, const TaskCells& cells,
                   const std::vector<Piece>& mine) {
  out.group(group);
  const AnswerRows rows = answer_rows(cells, mine);
  out.write<std::int32_t>(group + "/at", {dim(rows.all), 2}, row_slabs(rows.mine, 2), rows.at, -1);
  out.write<std::int32_t>(group + "/ids", {dim(rows.all), dim(cells.answer_limit)},
                          row_slabs(rows.mine, cells.answer_limit), rows.ids, -1);
}

void write_sums(OutputFile& out, const std::string& group, const table::NeuronSums& sums,
                const table::Shape& shape) {
  const Dims by_neuron{dim(shape.layers), dim(shape.d_ff)};
  const Dims by_head{sums.heads.size(), by_neuron[0], by_neuron[1]};
  const std::vector<std::uint32_t> valid(sums.valid.begin(), sums.valid.end());
  out.write_shared<std::int32_t>(group + "/heads", {sums.heads.size(), 2}, pairs(sums.heads));
  out.write_shared<std::uint32_t>(group + "/valid", {valid.size()}, valid);
  const auto write = [&](const char* name, const Dims& dims, const std::vector<std::int64_t>& values) {
    const std::string path = group + "/" + name;
    out.write_shared<std::int64_t>(path, dims, values);
    out.attribute(path, "scale", sums.scale);
    out.attribute(path, "instances", sums.plain_instances);
  };
  write("head_drop_sum", by_head, sums.head_drop_sum);
  write("head_signed_sum", by_head, sums.head_signed_sum);
  write("plain_sum", by_neuron, sums.plain_sum);
}

}  // namespace hones::store
