#include <hones/base/error.hpp>
#include <hones/store/ablation_file.hpp>

#include "disk.hpp"
#include "output_file.hpp"
#include "publish.hpp"
#include "task_writer.hpp"
#include "watchdog.hpp"

namespace hones::store {

namespace {

constexpr const char* kAdvice =
    "; the ledger holds all that was computed, and once the folder can be written the same command goes on";

hsize_t dim(std::int64_t n) {
  return static_cast<hsize_t>(n);
}

// [rows, N, width] out of a table [N, columns, width]: columns become rows, the plain one apart.
template <typename T>
std::vector<T> turned(const std::vector<T>& values, const table::TaskCells& cells, std::int64_t first,
                      std::int64_t last, std::size_t width = 1) {
  std::vector<T> rows;
  for (std::int64_t column = first; column < last; ++column) {
    for (std::int64_t i = 0; i < cells.size(); ++i) {
      const auto from = values.begin() + static_cast<std::ptrdiff_t>(cells.at(i, column) * width);
      rows.insert(rows.end(), from, from + static_cast<std::ptrdiff_t>(width));
    }
  }
  return rows;
}

// The columns [first, last) of the task's table in `group`; `leading`: rows, or nothing for the plain column.
void write_values(OutputFile& out, const std::string& group, const AblationFileTask& task, std::int64_t first,
                  std::int64_t last, Dims leading) {
  const table::TaskCells& cells = task.cells;
  leading.push_back(dim(cells.size()));
  std::vector<std::uint8_t> states;
  for (const table::CellState state : cells.states) states.push_back(static_cast<std::uint8_t>(state));
  out.write_shared<std::uint8_t>(group + "cell", leading, turned(states, cells, first, last));
  out.write_shared<double>(group + "utility", leading, turned(cells.utility, cells, first, last));
  out.write_shared<float>(group + "answer_logprob", leading,
                          turned(cells.answer_logprob, cells, first, last));
  const metric::Counts* kept = kept_counts(cells);
  if (!kept) return;
  leading.push_back(kept->size);
  out.write_shared<std::uint16_t>(group + std::string(kept->dataset), leading,
                                  turned(task.counts, cells, first, last, kept->size));
}

void write_rows(OutputFile& out, const std::string& group, const std::vector<table::AblationRow>& rows) {
  std::vector<std::string> strategies;
  std::vector<std::int64_t> budgets, seeds;
  for (const table::AblationRow& row : rows) {
    strategies.push_back(row.strategy);
    budgets.push_back(row.budget);
    seeds.push_back(row.seed);
  }
  out.write_shared(group + "strategy", strategies);
  out.write_shared<std::int64_t>(group + "budget", {budgets.size()}, budgets);
  out.write_shared<std::int64_t>(group + "seed", {seeds.size()}, seeds);
  out.group(group + "sets", true);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::string set = group + "sets/" + std::to_string(r);
    out.group(set);
    std::vector<std::int32_t> neurons;
    for (const table::Neuron n : rows[r].what.neurons) neurons.insert(neurons.end(), {n.layer, n.neuron});
    out.write_shared<std::int32_t>(set + "/heads", {rows[r].what.heads.size(), 2}, pairs(rows[r].what.heads));
    out.write_shared<std::int32_t>(set + "/neurons", {neurons.size() / 2, 2}, neurons);
  }
}

void write_task(OutputFile& out, const AblationFileTask& task) {
  const table::TaskCells& cells = task.cells;
  const std::string group = "/tasks/" + cells.task;
  out.group(group);
  out.attribute(group, "metric", cells.metric);
  out.attribute(group, "split", task.split);
  if (!cells.definition.empty()) out.attribute(group, "definition", cells.definition);
  if (cells.counts > 0) out.attribute(group, "caption_metric", choice::word(task.caption_metric));
  if (task.elbow) out.attribute(group, "elbow_heads", *task.elbow);
  write_instances(out, group + "/instances", cells);
  out.group(group + "/base");
  write_values(out, group + "/base/", task, 0, 1, {});
  out.group(group + "/rows");
  write_rows(out, group + "/rows/", task.rows);
  write_values(out, group + "/rows/", task, 1, cells.shape.columns(), {task.rows.size()});
}

}  // namespace

SlabReport write_ablation(const std::filesystem::path& file, comm::Communicator& world,
                          const FileHeader& header, const std::vector<AblationFileTask>& tasks,
                          std::chrono::duration<double> call_limit) {
  const std::filesystem::path temporary = file.string() + ".tmp";
  const int rank = world.rank();
  SlabReport report;
  Watchdog watchdog(world, call_limit, [&] { return disk_trouble(temporary, rank); });
  writing(temporary, rank, kAdvice, [&] {
    OutputFile out(temporary, world, watchdog);
    write_header(out, header);
    for (const AblationFileTask& task : tasks) write_task(out, task);
    out.close();
    report = {out.datasets(), out.collective(), 0};
  });
  const auto meet = [&] {
    comm::finish(world.barrier(), comm::after(call_limit), "the end of " + file.string());
  };
  meet();  // every rank has closed
  if (rank == 0) writing(temporary, rank, kAdvice, [&] { publish(temporary, file); });
  meet();  // every rank finds the file
  return report;
}

}  // namespace hones::store
