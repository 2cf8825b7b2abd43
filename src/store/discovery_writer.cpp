#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/store/discovery_file.hpp>

#include "cell_slabs.hpp"
#include "output_file.hpp"
#include "watchdog.hpp"

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

std::vector<std::int32_t> pairs(const std::vector<table::Head>& heads) {
  std::vector<std::int32_t> flat;
  for (const table::Head& head : heads) {
    flat.push_back(head.layer);
    flat.push_back(head.head);
  }
  return flat;
}

// A reader after a crash must find the old file or the whole new one: the data is on disk before the name is.
void sync_and_rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const int fd = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const int synced = fd < 0 ? -1 : ::fsync(fd);
  const int saved = errno;
  if (fd >= 0) ::close(fd);
  if (synced != 0) {
    throw Error(ExitCode::rank_failed, "cannot sync " + from.string() + ": " + std::strerror(saved));
  }
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(ExitCode::rank_failed, "cannot rename " + from.string() + ": " + error.message());
}

}  // namespace

struct DiscoveryWriter::Impl {
  std::filesystem::path file;
  std::filesystem::path temporary;
  comm::Communicator& world;
  table::Shape shape;
  std::chrono::duration<double> limit;
  Watchdog watchdog;
  OutputFile out;
  std::int64_t cells_by_me = 0;
  bool finished = false;

  Impl(std::filesystem::path target, comm::Communicator& ranks, const FileHeader& header,
       std::chrono::duration<double> call_limit)
      : file(std::move(target)),
        temporary(file.string() + ".tmp"),
        world(ranks),
        shape(header.shape),
        limit(call_limit),
        watchdog(ranks, call_limit),
        out(temporary, ranks, watchdog) {
    out.attribute("/", "schema_version", kSchemaVersion);
    out.attribute("/", "model_family", header.model_family);
    out.attribute("/", "layers", shape.layers);
    out.attribute("/", "heads", shape.heads);
    out.attribute("/", "d_ff", shape.d_ff);
    out.attribute("/", "dtype", header.dtype);
    out.attribute("/", "model_digest", header.model_digest);
    out.attribute("/", "benchmark_digest", header.benchmark_digest);
    out.group("/environment");
    for (const auto& [name, value] : header.environment) out.attribute("/environment", name, value);
    const std::vector<std::uint8_t> settings(header.settings_json.begin(), header.settings_json.end());
    out.write_shared("/settings_json", {settings.size()}, std::span<const std::uint8_t>(settings));
    out.group("/tasks", true);
  }

  // Every computed cell is some rank's, once: what the reductions gave and what the ranks hold must be the
  // same table.
  void require_all_owned(const TaskCells& cells, std::int64_t mine) {
    std::int64_t computed = 0;
    for (const table::CellState state : cells.states) computed += is_computed(state);
    std::vector<std::int64_t> owned{mine};
    comm::finish(world.sum({owned}), comm::after(limit), "the count of " + cells.task + "'s cells");
    HONES_ASSERT(owned[0] == computed, cells.task + ": the ranks hold " + std::to_string(owned[0]) +
                                           " cells of " + std::to_string(computed) + " computed");
  }

  void write_instances(const std::string& group, const TaskCells& cells) {
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

  void write_cells(const std::string& group, const TaskCells& cells, const std::vector<Piece>& mine) {
    const Dims table{dim(cells.size()), dim(shape.columns())};

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
    if (cells.candidates > 0) {
      const Dims width{dim(cells.candidates)};
      out.write<float>(
          group + "/scores", {table[0], table[1], width[0]}, rectangles(mine, width),
          pack<float>(
              mine, cells.candidates, [](const table::CellBlock& b) -> auto& { return b.scores; }),
          kNan);
    }
    if (cells.bleu) {
      const Dims width{table::kBleuCounts};
      out.write<std::uint16_t>(
          group + "/bleu_counts", {table[0], table[1], width[0]}, rectangles(mine, width),
          pack<std::uint16_t>(
              mine, table::kBleuCounts, [](const table::CellBlock& b) -> auto& { return b.bleu; }),
          std::numeric_limits<std::uint16_t>::max());
    }
  }

  void write_answers(const std::string& group, const TaskCells& cells, const std::vector<Piece>& mine) {
    out.group(group);
    const AnswerRows rows = answer_rows(cells, mine);
    out.write<std::int32_t>(group + "/at", {dim(rows.all), 2}, row_slabs(rows.mine, 2), rows.at, -1);
    out.write<std::int32_t>(group + "/ids", {dim(rows.all), dim(cells.answer_limit)},
                            row_slabs(rows.mine, cells.answer_limit), rows.ids, -1);
  }

  void write_head_tables(const std::string& group, const HeadTables& heads) {
    const Dims by_head{dim(shape.layers), dim(shape.heads)};
    out.write_shared<std::uint32_t>(group + "/answers_changed", by_head, heads.answers_changed);
    out.write_shared<std::uint32_t>(group + "/valid", by_head, heads.valid);
    out.write_shared<double>(group + "/importance", by_head, heads.importance);
    out.write_shared<double>(group + "/ci_low", by_head, heads.ci_low);
    out.write_shared<double>(group + "/ci_high", by_head, heads.ci_high);
    out.write_shared<std::int32_t>(group + "/top", {heads.top.size(), 2}, pairs(heads.top));
  }

  void write_neurons(const std::string& group, const table::NeuronSums& sums, const NeuronTables& neurons) {
    out.group(group);
    const Dims by_neuron{dim(shape.layers), dim(shape.d_ff)};
    const Dims by_head{sums.heads.size(), by_neuron[0], by_neuron[1]};
    const std::vector<std::uint32_t> valid(sums.valid.begin(), sums.valid.end());
    out.write_shared<std::int32_t>(group + "/heads", {sums.heads.size(), 2}, pairs(sums.heads));
    out.write_shared<std::uint32_t>(group + "/valid", {valid.size()}, valid);
    out.write_shared<double>(group + "/plain", by_neuron, neurons.plain);
    out.write_shared<double>(group + "/per_instance", by_neuron, neurons.per_instance);
    out.write_shared<double>(group + "/after_mean", by_neuron, neurons.after_mean);
    out.write_shared<std::int32_t>(group + "/top", {neurons.top.size() / 2, 2}, neurons.top);
    const auto write_sums = [&](const char* name, const Dims& dims, const std::vector<std::int64_t>& values) {
      const std::string path = group + "/" + name;
      out.write_shared<std::int64_t>(path, dims, values);
      out.attribute(path, "scale", sums.scale);
      out.attribute(path, "instances", sums.plain_instances);
    };
    write_sums("head_drop_sum", by_head, sums.head_drop_sum);
    write_sums("head_signed_sum", by_head, sums.head_signed_sum);
    write_sums("plain_sum", by_neuron, sums.plain_sum);
  }

  void write_attributes(const std::string& group, const TaskCells& cells, const HeadTables& heads,
                        const NeuronTables& neurons) {
    std::int64_t done = 0, excluded = 0;
    for (const table::Instance& instance : cells.instances) {
      done += instance.state == table::InstanceState::done;
      excluded += instance.state == table::InstanceState::excluded;
    }
    out.attribute(group, "instances_done", done);
    out.attribute(group, "instances_excluded", excluded);
    out.attribute(group, "split_half_overlap", heads.split_half_overlap);
    out.attribute(group, "top_k_heads", static_cast<std::int64_t>(heads.top.size()));
    out.attribute(group, "neuron_mode", neurons.mode);
    out.attribute(group, "plain_metric", heads.plain_metric);
    if (cells.bleu) out.attribute(group, "plain_corpus_bleu4", heads.plain_corpus_bleu4);
    out.attribute(group, "metric", cells.metric);
    if (!cells.definition.empty()) out.attribute(group, "definition", cells.definition);
  }
};

DiscoveryWriter::DiscoveryWriter(std::filesystem::path file, comm::Communicator& world,
                                 const FileHeader& header, std::chrono::duration<double> call_limit)
    : impl_(std::make_unique<Impl>(std::move(file), world, header, call_limit)) {}

DiscoveryWriter::~DiscoveryWriter() {
  const std::filesystem::path unfinished =
      impl_->finished || impl_->world.rank() != 0 ? "" : impl_->temporary;
  impl_.reset();
  std::error_code ignored;
  if (!unfinished.empty()) std::filesystem::remove(unfinished, ignored);
}

void DiscoveryWriter::write_task(const TaskCells& cells, const HeadTables& heads,
                                 const table::NeuronSums& sums, const NeuronTables& neurons) {
  HONES_ASSERT(cells.shape == impl_->shape, cells.task + ": another model's shape");
  const std::vector<Piece> mine = computed_pieces(cells);
  const std::int64_t mine_count = count_cells(mine);
  impl_->require_all_owned(cells, mine_count);
  const std::string group = "/tasks/" + cells.task;
  impl_->out.group(group);
  impl_->write_attributes(group, cells, heads, neurons);
  impl_->write_instances(group + "/instances", cells);
  impl_->out.group(group + "/heads");
  impl_->write_cells(group + "/heads", cells, mine);
  if (cells.answer_limit > 0) impl_->write_answers(group + "/answers", cells, mine);
  impl_->write_head_tables(group + "/heads", heads);
  impl_->write_neurons(group + "/neurons", sums, neurons);
  impl_->cells_by_me += mine_count;
}

SlabReport DiscoveryWriter::finish() {
  impl_->out.close();
  const auto meet = [&] {
    comm::finish(impl_->world.barrier(), comm::after(impl_->limit), "the end of " + impl_->file.string());
  };
  meet();  // every rank has closed
  if (impl_->world.rank() == 0) sync_and_rename(impl_->temporary, impl_->file);
  impl_->finished = true;
  meet();  // every rank finds the file
  return {impl_->out.datasets(), impl_->out.collective(), impl_->cells_by_me};
}

}  // namespace hones::store
