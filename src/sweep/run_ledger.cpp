// Checkpoints of a job, and what is taken over from one.
#include <algorithm>
#include <cstdio>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>

#include "run.hpp"

namespace hones::sweep {

using comm::Clock;

// Every rank reads the ledger and keeps its share of the cells. Afterwards held_, asked_ and cells_before_
// are equal on all; without a ledger held_ is empty.
void Run::take_over_ledger() {
  saved_ = Clock::now();
  cells_before_.invalid_by_task.assign(outputs_.size(), 0);
  ledger_ = share_text(ledger_.string(), options_.job.deadline_seconds);
  if (ledger_.empty()) return;
  taken_ = store::read_ledger(ledger_);
  settle_environment();
  if (taken_.tasks.size() != outputs_.size())
    throw DataError(ledger_.string() + ": " + std::to_string(taken_.tasks.size()) + " tasks");
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    held_.push_back(sweep::take_over(ledger_.string(), taken_.tasks[t], static_cast<std::int32_t>(t), asked_,
                                     world_.rank(), world_.size(), outputs_[t].cells, cells_before_));
    taken_.tasks[t].cells = {};
  }
  const store::LedgerState& state = taken_.state;
  cells_before_.Figures::operator+=(state.heads);
  record_.checkpoints = state.checkpoints;
  record_.checkpoint_seconds = state.checkpoint_seconds;
  record_.interruptions = state.interruptions + (state.finished ? 0 : 1);
  if (world_.rank() == 0) {
    log::info("going on from " + ledger_.string() + ": " + grouped(state.heads.cells) + " of " +
              grouped(cells_of_all(true)) + " cells are done");
  }
}

// Which environment this start is, of those that made the ledger's cells.
void Run::settle_environment() {
  environments_ = taken_.header.environments;
  if (environments_.empty()) environments_ = {taken_.header.environment};
  const auto here = environment();
  const auto known = std::find(environments_.begin(), environments_.end(), here);
  environment_index_ = static_cast<std::uint8_t>(known - environments_.begin());
  if (known == environments_.end()) {
    check_environment(ledger_.string(), taken_.header.environment, here, options_.job.accept_environment);
    if (environments_.size() == 255)
      throw UsageError(ledger_.string() + " holds cells of 255 environments: expected fewer");
    environments_.push_back(here);
    if (world_.rank() == 0)
      log::warning(ledger_.string() +
                   " was made in another environment; heads/environment tells which cells are of " +
                   std::to_string(environment_index_) + ", this one");
  }
  if (environments_.size() == 1) environments_.clear();
  for (results::TaskOutput& output : outputs_) output.cells.by_environment = !environments_.empty();
}

// The task's table as the ledger takes it: this rank's blocks moved in, states of all ranks, exclusions.
table::TaskCells Run::cells_so_far(results::TaskOutput& output, std::int32_t task,
                                   const std::vector<plan::Exclusion>& exclusions, bool cell_stage) {
  std::vector<table::CellBlock> own = std::move(output.cells.own);
  output.cells.own.clear();
  table::TaskCells cells = output.cells;
  cells.own = std::move(own);
  if (cell_stage) {  // later the states are complete
    table::place_blocks(cells);
    finish(world_.merge({bytes_of(cells.states)}), "the states of task " + cells.task);
  }
  for (const plan::Exclusion& exclusion : exclusions) {
    if (exclusion.task != task) continue;
    table::Instance& instance = cells.instances[static_cast<std::size_t>(exclusion.instance)];
    instance.state = table::InstanceState::excluded;
    instance.reason = exclusion.reason;
  }
  return cells;
}

// A generation of the ledger. Collective, and no unit is under way: what `so_far` has booked is what the
// ranks hold.
void Run::checkpoint(const StageSummary& so_far, bool cell_stage, bool finished) {
  store::Ledger ledger;
  ledger.header = header();
  ledger.state.heads = cell_stage ? so_far : cells_done_;
  if (!cell_stage) ledger.state.neurons = so_far;
  ledger.state.checkpoints = record_.checkpoints;
  ledger.state.checkpoint_seconds = record_.checkpoint_seconds;
  ledger.state.interruptions = record_.interruptions;
  ledger.state.finished = finished;
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    store::LedgerTask& task = ledger.tasks.emplace_back();
    const auto& exclusions = cell_stage ? so_far.exclusions : cells_done_.exclusions;
    task.cells = cells_so_far(outputs_[t], static_cast<std::int32_t>(t), exclusions, cell_stage);
    if (!cell_stage) add_to_ledger(task, t, so_far);
  }
  const store::LedgerReport report = store::write_ledger(options_.job.out, world_, ledger);
  for (std::size_t t = 0; t < outputs_.size(); ++t)
    outputs_[t].cells.own = std::move(ledger.tasks[t].cells.own);
  saved_ = Clock::now();
  longest_checkpoint_ = std::max(longest_checkpoint_, report.seconds);
  ++record_.checkpoints;
  record_.checkpoint_seconds += report.seconds;
  record_.checkpoint_bytes = report.bytes;
  if (world_.rank() == 0) {
    char line[128];
    std::snprintf(line, sizeof line, "checkpoint %lld: %s bytes in %.2f s",
                  static_cast<long long>(record_.checkpoints), grouped(report.bytes).c_str(), report.seconds);
    log::info(line);
  }
}

void Run::log_stop() const {
  if (world_.rank() == 0)
    log::info((out_of_time_ ? std::string("the allocation ends before another unit would: stopped")
                            : std::string("stopped on request")) +
              "; " + (options_.job.out / store::kLedger).string() +
              " holds what was done, and the same command goes on from there");
}

}  // namespace hones::sweep
