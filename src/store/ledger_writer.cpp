#include <hones/base/error.hpp>
#include <hones/store/ledger.hpp>

#include "cell_slabs.hpp"
#include "disk.hpp"
#include "ledger_sum.hpp"
#include "output_file.hpp"
#include "publish.hpp"
#include "task_writer.hpp"
#include "watchdog.hpp"

namespace hones::store {

namespace {

constexpr const char* kAdvice =
    "; earlier checkpoints are as they were, and once the folder can be written the same command goes on";

void write_state(OutputFile& out, const LedgerState& state) {
  out.group("/state");
  out.attribute("/state", "checkpoints", state.checkpoints);
  out.attribute("/state", "checkpoint_seconds", state.checkpoint_seconds);
  out.attribute("/state", "interruptions", state.interruptions);
  out.attribute("/state", "finished", static_cast<std::int64_t>(state.finished));
  for (const auto& [name, stage] : {std::pair("heads", &state.heads), std::pair("neurons", &state.neurons)}) {
    const std::string group = std::string("/state/") + name;
    out.group(group);
    table::Figures::each_kept(
        [&](const char* figure, const auto& value) { out.attribute(group, figure, value); }, *stage);
  }
}

void write_task(OutputFile& out, comm::Communicator& world, const LedgerTask& task,
                std::chrono::duration<double> limit) {
  const table::TaskCells& cells = task.cells;
  const std::vector<Piece> mine = computed_pieces(cells);
  require_all_owned(world, cells, count_cells(mine), limit);
  const std::string group = "/tasks/" + cells.task;
  out.group(group);
  out.attribute(group, "metric", cells.metric);
  if (!cells.definition.empty()) out.attribute(group, "definition", cells.definition);
  write_instances(out, group + "/instances", cells);
  out.group(group + "/heads");
  write_cells(out, world, group + "/heads", cells, mine);
  if (cells.answer_limit > 0) write_answers(out, group + "/answers", cells, mine);
  if (!task.sums) return;
  out.group(group + "/neurons");
  write_sums(out, group + "/neurons", *task.sums, cells.shape);
  out.write_shared<std::uint8_t>(group + "/neurons/in_sums", {task.in_sums.size()}, task.in_sums);
  out.attribute(group + "/neurons", "invalid_contributions", task.invalid_contributions);
}

}  // namespace

LedgerReport write_ledger(const std::filesystem::path& folder, comm::Communicator& world,
                          const Ledger& ledger, std::chrono::duration<double> call_limit) {
  const auto start = comm::Clock::now();
  const std::filesystem::path file = folder / kLedger, temporary = file.string() + ".tmp";
  const int rank = world.rank();
  const auto trouble = [&] { return disk_trouble(temporary, rank); };
  Watchdog watchdog(world, call_limit, trouble);
  writing(temporary, rank, kAdvice, [&] {
    OutputFile out(temporary, world, watchdog, kUserBlock);
    write_header(out, ledger.header);
    write_state(out, ledger.state);
    for (const LedgerTask& task : ledger.tasks) write_task(out, world, task, call_limit);
    out.close();
  });
  const auto meet = [&] {
    comm::finish(world.barrier(), comm::after(call_limit), "the end of " + file.string());
  };
  meet();  // every rank has closed
  if (rank == 0) {
    writing(temporary, rank, kAdvice, [&] {
      write_ledger_sum(temporary);
      publish(temporary, file, folder / kPreviousLedger);
    });
  }
  meet();  // every rank finds the file
  return {comm::seconds_since(start), static_cast<std::int64_t>(std::filesystem::file_size(file))};
}

}  // namespace hones::store
