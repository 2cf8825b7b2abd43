#include "checkpoints.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>

namespace hones::sweep {

Checkpoints::Checkpoints(JobContext& job, Filled& filled, store::FileHeader header, const std::string& ledger)
    : job_(job),
      filled_(filled),
      header_(std::move(header)),
      ledger_(job.share(ledger)),
      saved_(comm::Clock::now()) {
  cells_before_.invalid_by_task.assign(filled.outputs.size(), 0);
  if (!ledger_.empty()) take_over();
}

void Checkpoints::take_over() {
  taken_ = store::read_ledger(ledger_);
  settle_environment();
  std::vector<results::TaskOutput>& outputs = filled_.outputs;
  if (taken_.tasks.size() != outputs.size())
    throw DataError(ledger_.string() + ": " + std::to_string(taken_.tasks.size()) + " tasks");
  for (std::size_t t = 0; t < outputs.size(); ++t) {
    held_.push_back(sweep::take_over(ledger_.string(), taken_.tasks[t], static_cast<std::int32_t>(t),
                                     filled_.asked, job_.world.rank(), job_.world.size(), outputs[t].cells,
                                     cells_before_));
    taken_.tasks[t].cells = {};
  }
  const store::LedgerState& state = taken_.state;
  cells_before_.Figures::operator+=(state.heads);
  job_.record.checkpoints = state.checkpoints;
  job_.record.checkpoint_seconds = state.checkpoint_seconds;
  job_.record.interruptions = state.interruptions + (state.finished ? 0 : 1);
  if (!job_.first()) return;
  const std::vector<std::int64_t> cells = filled_.cells();
  log::info("going on from " + ledger_.string() + ": " + grouped(state.heads.cells) + " of " +
            grouped(std::accumulate(cells.begin(), cells.end(), std::int64_t{0})) + " cells are done");
}

// Which environment this start is, of those that made the ledger's cells.
void Checkpoints::settle_environment() {
  auto& environments = header_.environments;
  environments = taken_.header.environments;
  if (environments.empty()) environments = {taken_.header.environment};
  const auto known = std::find(environments.begin(), environments.end(), header_.environment);
  environment_ = static_cast<std::uint8_t>(known - environments.begin());
  if (known == environments.end()) {
    check_environment(ledger_.string(), taken_.header.environment, header_.environment,
                      job_.options.job.accept_environment);
    if (environments.size() == 255)
      throw UsageError(ledger_.string() + " holds cells of 255 environments: expected fewer");
    environments.push_back(header_.environment);
    if (job_.first())
      log::warning(ledger_.string() +
                   " was made in another environment; heads/environment tells which cells are of " +
                   std::to_string(environment_) + ", this one");
  }
  if (environments.size() == 1) environments.clear();
  for (results::TaskOutput& output : filled_.outputs) output.cells.by_environment = !environments.empty();
}

void Checkpoints::sign(engine::Work& work) const {
  if (header_.environments.empty()) return;
  for (engine::Work::Block& block : work.blocks)
    block.cells.environment.assign(block.cells.states.size(), environment_);
}

void Checkpoints::write(const Add& add, bool finished) {
  Record& record = job_.record;
  store::Ledger ledger;
  ledger.header = header_;
  ledger.state.checkpoints = record.checkpoints;
  ledger.state.checkpoint_seconds = record.checkpoint_seconds;
  ledger.state.interruptions = record.interruptions;
  ledger.state.finished = finished;
  for (results::TaskOutput& output : filled_.outputs) {  // the blocks are lent, not copied
    std::vector<table::CellBlock> own = std::exchange(output.cells.own, {});
    table::TaskCells& cells = ledger.tasks.emplace_back().cells;
    cells = output.cells;
    cells.own = std::move(own);
  }
  add(ledger);
  const store::LedgerReport report = store::write_ledger(job_.options.job.out, job_.world, ledger);
  for (std::size_t t = 0; t < ledger.tasks.size(); ++t)
    filled_.outputs[t].cells.own = std::move(ledger.tasks[t].cells.own);
  saved_ = comm::Clock::now();
  longest_ = std::max(longest_, report.seconds);
  ++record.checkpoints;
  record.checkpoint_seconds += report.seconds;
  record.checkpoint_bytes = report.bytes;
  if (!job_.first()) return;
  char line[128];
  std::snprintf(line, sizeof line, "checkpoint %lld: %s bytes in %.2f s",
                static_cast<long long>(record.checkpoints), grouped(report.bytes).c_str(), report.seconds);
  log::info(line);
}

}  // namespace hones::sweep
