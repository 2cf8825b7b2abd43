#include <utility>

#include <hones/base/error.hpp>
#include <hones/store/discovery_file.hpp>

#include "cell_slabs.hpp"
#include "disk.hpp"
#include "output_file.hpp"
#include "publish.hpp"
#include "task_writer.hpp"
#include "watchdog.hpp"

namespace hones::store {

namespace {

using table::TaskCells;

constexpr const char* kAdvice =
    "; the ledger holds all that was computed, and once the folder can be written the same command goes on";

hsize_t dim(std::int64_t n) {
  return static_cast<hsize_t>(n);
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
        watchdog(ranks, call_limit, [this] { return disk_trouble(temporary, world.rank()); }),
        out(temporary, ranks, watchdog) {
    write_header(out, header);
  }

  void write_task(const TaskCells& cells, const HeadTables& heads, const table::NeuronSums& sums,
                  const NeuronTables& neurons, const std::vector<table::DrawnHeads>& drawn);

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
    write_sums(out, group, sums, shape);
    const Dims by_neuron{dim(shape.layers), dim(shape.d_ff)};
    out.write_shared<double>(group + "/plain", by_neuron, neurons.plain);
    out.write_shared<double>(group + "/per_instance", by_neuron, neurons.per_instance);
    out.write_shared<double>(group + "/after_mean", by_neuron, neurons.after_mean);
    out.write_shared<std::int32_t>(group + "/top", {neurons.top.size() / 2, 2}, neurons.top);
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
    out.attribute(group, "neuron_mode", choice::word(neurons.mode));
    out.attribute(group, "plain_metric", heads.plain_metric);
    if (const metric::Counts* kept = kept_counts(cells))
      out.attribute(group, "plain_" + std::string(kept->key), heads.plain_together);
    out.attribute(group, "metric", cells.metric);
    if (!cells.definition.empty()) out.attribute(group, "definition", cells.definition);
  }
};

DiscoveryWriter::DiscoveryWriter(const std::filesystem::path& file, comm::Communicator& world,
                                 const FileHeader& header, std::chrono::duration<double> call_limit)
    : impl_(writing(file, world.rank(), kAdvice,
                    [&] { return std::make_unique<Impl>(file, world, header, call_limit); })) {}

DiscoveryWriter::~DiscoveryWriter() {
  const std::filesystem::path unfinished =
      impl_->finished || impl_->world.rank() != 0 ? "" : impl_->temporary;
  impl_.reset();
  std::error_code ignored;
  if (!unfinished.empty()) std::filesystem::remove(unfinished, ignored);
}

void DiscoveryWriter::write_task(const TaskCells& cells, const HeadTables& heads,
                                 const table::NeuronSums& sums, const NeuronTables& neurons,
                                 const std::vector<table::DrawnHeads>& drawn) {
  writing(impl_->temporary, impl_->world.rank(), kAdvice,
          [&] { impl_->write_task(cells, heads, sums, neurons, drawn); });
}

void DiscoveryWriter::Impl::write_task(const TaskCells& cells, const HeadTables& heads,
                                       const table::NeuronSums& sums, const NeuronTables& neurons,
                                       const std::vector<table::DrawnHeads>& drawn) {
  HONES_ASSERT(cells.shape == shape, cells.task + ": another model's shape");
  const std::vector<Piece> mine = computed_pieces(cells);
  const std::int64_t mine_count = count_cells(mine);
  require_all_owned(world, cells, mine_count, limit);
  const std::string group = "/tasks/" + cells.task;
  out.group(group);
  write_attributes(group, cells, heads, neurons);
  write_instances(out, group + "/instances", cells);
  out.group(group + "/heads");
  write_cells(out, world, group + "/heads", cells, mine);
  if (cells.answer_limit > 0) write_answers(out, group + "/answers", cells, mine);
  write_head_tables(group + "/heads", heads);
  write_neurons(group + "/neurons", sums, neurons);
  if (!drawn.empty()) out.group(group + "/neurons/drawn", true);
  for (const table::DrawnHeads& heads_of_seed : drawn)
    write_neurons(group + "/neurons/drawn/" + std::to_string(heads_of_seed.seed), heads_of_seed.sums,
                  heads_of_seed.neurons);
  cells_by_me += mine_count;
}

SlabReport DiscoveryWriter::finish() {
  const int rank = impl_->world.rank();
  writing(impl_->temporary, rank, kAdvice, [&] { impl_->out.close(); });
  const auto meet = [&] {
    comm::finish(impl_->world.barrier(), comm::after(impl_->limit), "the end of " + impl_->file.string());
  };
  meet();  // every rank has closed
  if (rank == 0) writing(impl_->temporary, rank, kAdvice, [&] { publish(impl_->temporary, impl_->file); });
  impl_->finished = true;
  meet();  // every rank finds the file
  return {impl_->out.datasets(), impl_->out.collective(), impl_->cells_by_me};
}

}  // namespace hones::store
