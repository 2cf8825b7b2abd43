// One stage of a job: what the scheduler's hooks do.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <hones/base/error.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/log.hpp>

#include "run.hpp"

namespace hones::sweep {

using comm::seconds_since;

// The plain column and every one asked for, of every instance.
std::int64_t Run::cells_of(std::size_t task, bool /*cell_stage*/) const {
  return outputs_[task].cells.size() * std::count(asked_.begin(), asked_.end(), true);
}

std::int64_t Run::cells_of_all(bool cell_stage) const {
  std::int64_t cells = 0;
  for (std::size_t t = 0; t < inputs_->tasks.size(); ++t) cells += cells_of(t, cell_stage);
  return cells;
}

std::pair<int, std::string> Run::verdict(const StageSummary& summary, bool cell_stage) const {
  for (std::size_t t = 0; cell_stage && t < inputs_->tasks.size(); ++t) {
    const auto excluded =
        std::count_if(summary.exclusions.begin(), summary.exclusions.end(),
                      [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); });
    const auto limit = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(
               std::floor(options_.job.max_bad * static_cast<double>(inputs_->tasks[t].items.size()))));
    if (excluded > limit) {
      const auto last =
          std::find_if(summary.exclusions.rbegin(), summary.exclusions.rend(),
                       [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); });
      return {static_cast<int>(ExitCode::bad_instances),
              "task " + inputs_->tasks[t].task->name() + ": " + std::to_string(excluded) + " of " +
                  std::to_string(inputs_->tasks[t].items.size()) +
                  " instances are unusable, more than max_bad allows (" + std::to_string(limit) +
                  "); the last: " + last->reason};
    }
  }
  for (std::size_t t = 0; t < summary.invalid_by_task.size(); ++t) {
    const std::int64_t cells = cells_of(t, cell_stage);
    if (static_cast<double>(summary.invalid_by_task[t]) <= options_.job.max_bad * static_cast<double>(cells))
      continue;
    return {static_cast<int>(ExitCode::bad_instances),
            "task " + inputs_->tasks[t].task->name() + ": " + std::to_string(summary.invalid_by_task[t]) +
                " of " + std::to_string(cells) +
                (cell_stage ? " cells are not finite"
                            : " contributions are not finite, or too large for the sums (" +
                                  std::to_string(static_cast<int>(fixed::kLimit)) + " and more)") +
                ", more than max_bad allows" + (inputs_->dtype == at::kFloat ? "" : "; try --dtype fp32")};
  }
  return {0, ""};
}

store::Progress Run::progress_of(const StageView& view, std::int64_t cells_all,
                                 const plan::Tally& before) const {
  store::Progress progress;
  progress.t = seconds_since(start_);
  progress.phase = phase_;
  progress.cells_done = view.so_far.cells;
  progress.cells_all = cells_all;
  progress.units_done = view.progress.units_done;
  progress.positions_per_s = view.now > 0 ? (view.so_far.layer_positions - before.layer_positions) /
                                                static_cast<double>(inputs_->shape.layers) / view.now
                                          : 0;
  progress.eta_s = view.progress.eta_seconds(view.now);
  progress.excluded =
      static_cast<std::int64_t>(std::max(view.so_far.exclusions.size(), record_.exclusions.size()));
  progress.checkpoints = record_.checkpoints;
  for (std::size_t r = 0; r < view.progress.running.size(); ++r) {
    const std::int64_t unit = view.progress.running[r];
    progress.ranks.push_back({record_.nodes.at(r), unit >= 0 ? "busy" : "waiting", unit,
                              view.now > 0 ? std::min(1.0, view.progress.busy_seconds[r] / view.now) : 0});
  }
  return progress;
}

// For the rank's own log file.
void Run::log_unit(const plan::Unit& unit, const engine::Work& work, double seconds) const {
  const std::string what = unit.stage == plan::Stage::neurons
                               ? inputs_->tasks.at(static_cast<std::size_t>(unit.load)).task->name()
                               : inputs_->kinds.at(static_cast<std::size_t>(unit.load)).name;
  char line[256];
  std::snprintf(line, sizeof line, "%s unit %lld: %s %lld-%lld, %s %lld-%lld: %lld cells in %.2f s",
                phase_.c_str(), static_cast<long long>(unit.id), what.c_str(),
                static_cast<long long>(unit.instance_begin), static_cast<long long>(unit.instance_end - 1),
                inputs_->shape.rows > 0 ? "interventions" : "layers",
                static_cast<long long>(unit.layer_begin), static_cast<long long>(unit.layer_end - 1),
                static_cast<long long>(work.cells), seconds);
  log::debug(line);
}

StageSummary Run::stage(std::vector<plan::Unit> units,
                        const std::function<engine::Work(const plan::Unit&)>& work, const plan::Tally& before,
                        bool cell_stage) {
  const std::int64_t cells_all = cells_of_all(cell_stage);
  std::unique_ptr<plan::Scheduler> scheduler;
  if (world_.rank() == 0) {
    scheduler = options_.job.grant_seed >= 0
                    ? plan::shuffled(world_.size(), static_cast<std::uint64_t>(options_.job.grant_seed))
                    : plan::longest_first(world_.size());
    scheduler->add(std::move(units));
  }
  StageHooks hooks;
  hooks.work = [&](const plan::Unit& unit) -> plan::Tally {
    const auto began = comm::Clock::now();
    engine::Work done = work(unit);
    log_unit(unit, done, seconds_since(began));
    return done;
  };
  hooks.verdict = [&](const StageSummary& summary) { return verdict(summary, cell_stage); };
  hooks.tick = [&](const StageView& view) {
    const store::Progress progress = progress_of(view, cells_all, before);
    if (view.last) {
      progress_->report_now(progress);
    } else {
      progress_->report(progress);
    }
  };
  hooks.stop_asked = [&] { return options_.job.stop_asked && options_.job.stop_asked(); };
  hooks.checkpoint = [&](const StageSummary& so_far) { checkpoint(so_far, cell_stage, false); };
  if (options_.job.end_time) {
    hooks.seconds_left = [&] {
      const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
      return *options_.job.end_time - now.count() - options_.job.end_reserve - 2 * longest_checkpoint_;
    };
  }
  hooks.rank_name = [&](int rank) { return name_of(rank) + ", phase " + phase_ + ","; };
  hooks.next_checkpoint = options_.job.checkpoint_seconds;
  hooks.first_checkpoint = options_.job.checkpoint_seconds - seconds_since(saved_);
  const StageSummary summary =
      run_stage(world_, scheduler.get(), hooks, options_.job.deadline_seconds, before);
  out_of_time_ = summary.out_of_time;
  if (summary.failure != 0) throw Error(static_cast<ExitCode>(summary.failure), summary.failure_line);
  record_.all += summary;
  record_.taken_over += before;
  record_.grants += summary.grants;
  record_.ahead += summary.ahead;
  record_.grant_cpu_seconds += summary.grant_cpu_seconds;
  for (std::size_t r = 0; r < summary.cells_by_rank.size(); ++r)
    record_.cells_by_rank[r] += summary.cells_by_rank[r];
  return summary;
}

}  // namespace hones::sweep
