#include "job_stage.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/plan/scheduler.hpp>

namespace hones::sweep {

namespace {

store::Progress progress_of(const Stage& stage, const Course& course, const StageView& view) {
  const Record& record = course.job.record;
  store::Progress progress;
  progress.t = course.job.seconds();
  progress.phase = stage.name;
  progress.cells_done = view.so_far.cells;
  progress.cells_all = std::accumulate(stage.cells.begin(), stage.cells.end(), std::int64_t{0});
  progress.units_done = view.progress.units_done;
  progress.positions_per_s = view.now > 0 ? (view.so_far.layer_positions - stage.before.layer_positions) /
                                                static_cast<double>(course.inputs.shape.layers) / view.now
                                          : 0;
  progress.eta_s = view.progress.eta_seconds(view.now);
  progress.excluded =
      static_cast<std::int64_t>(std::max(view.so_far.exclusions.size(), record.exclusions.size()));
  progress.checkpoints = record.checkpoints;
  for (std::size_t r = 0; r < view.progress.running.size(); ++r) {
    const std::int64_t unit = view.progress.running[r];
    progress.ranks.push_back({record.nodes.at(r), unit >= 0 ? "busy" : "waiting", unit,
                              view.now > 0 ? std::min(1.0, view.progress.busy_seconds[r] / view.now) : 0});
  }
  return progress;
}

// For the rank's own log file.
void log_unit(const Stage& stage, const plan::Unit& unit, const engine::Work& work, double seconds) {
  char line[256];
  std::snprintf(line, sizeof line, "%s unit %lld: %s %lld-%lld, %s %lld-%lld: %lld cells in %.2f s",
                stage.name.c_str(), static_cast<long long>(unit.id),
                stage.loads.at(static_cast<std::size_t>(unit.load)).c_str(),
                static_cast<long long>(unit.instance_begin), static_cast<long long>(unit.instance_end - 1),
                stage.columns.c_str(), static_cast<long long>(unit.group_begin),
                static_cast<long long>(unit.group_end - 1), static_cast<long long>(work.cells), seconds);
  log::debug(line);
}

std::unique_ptr<plan::Scheduler> scheduler_of(std::vector<plan::Unit> units, const JobContext& job) {
  if (!job.first()) return nullptr;
  const int ranks = job.world.size();
  const std::int64_t seed = job.options.job.grant_seed;
  auto scheduler =
      seed >= 0 ? plan::shuffled(ranks, static_cast<std::uint64_t>(seed)) : plan::longest_first(ranks);
  scheduler->add(std::move(units));
  return scheduler;
}

StageHooks hooks_of(const Stage& stage, const Course& course) {
  const Options& options = course.job.options;
  StageHooks hooks;
  hooks.work = [&](const plan::Unit& unit) -> plan::Tally {
    const auto began = comm::Clock::now();
    engine::Work done = stage.work(unit);
    log_unit(stage, unit, done, comm::seconds_since(began));
    return done;
  };
  hooks.verdict = stage.verdict;
  hooks.tick = [&](const StageView& view) {
    course.reporting.report(progress_of(stage, course, view), view.last);
  };
  hooks.stop_asked = [&] { return options.job.stop_asked && options.job.stop_asked(); };
  hooks.checkpoint = [&](const StageSummary& so_far) {
    course.checkpoints.write([&](store::Ledger& ledger) { stage.save(ledger, so_far); }, false);
  };
  if (options.job.end_time) {
    hooks.seconds_left = [&] {
      const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
      return *options.job.end_time - now.count() - options.job.end_reserve - 2 * course.checkpoints.longest();
    };
  }
  hooks.rank_name = [&](int rank) { return course.reporting.name_of(rank) + ", phase " + stage.name + ","; };
  hooks.next_checkpoint = options.job.checkpoint_seconds;
  hooks.first_checkpoint = options.job.checkpoint_seconds - course.checkpoints.seconds_since_last();
  return hooks;
}

void book(Record& record, const StageSummary& summary, const plan::Tally& before) {
  record.all += summary;
  record.taken_over += before;
  record.grants += summary.grants;
  record.ahead += summary.ahead;
  record.grant_cpu_seconds += summary.grant_cpu_seconds;
  for (std::size_t r = 0; r < summary.cells_by_rank.size(); ++r)
    record.cells_by_rank[r] += summary.cells_by_rank[r];
}

std::pair<int, std::string> too_many_excluded(const Inputs& inputs, const StageSummary& summary) {
  for (std::size_t t = 0; t < inputs.tasks.size(); ++t) {
    const auto of_task = [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); };
    const auto excluded = std::count_if(summary.exclusions.begin(), summary.exclusions.end(), of_task);
    const std::size_t instances = inputs.tasks[t].items.size();
    const auto limit = std::max<std::int64_t>(
        1,
        static_cast<std::int64_t>(std::floor(inputs.options.job.max_bad * static_cast<double>(instances))));
    if (excluded <= limit) continue;
    const auto last = std::find_if(summary.exclusions.rbegin(), summary.exclusions.rend(), of_task);
    return {static_cast<int>(ExitCode::bad_instances),
            "task " + inputs.tasks[t].task->name() + ": " + std::to_string(excluded) + " of " +
                std::to_string(instances) + " instances are unusable, more than max_bad allows (" +
                std::to_string(limit) + "); the last: " + last->reason};
  }
  return {0, ""};
}

// The states of all ranks: until the stage is over each knows its own blocks alone.
void bring_states_together(store::LedgerTask& task, const JobContext& job) {
  table::place_blocks(task.cells);
  job.finish(job.world.merge({bytes_of(task.cells.states)}), "the states of task " + task.cells.task);
}

}  // namespace

StageSummary run(Stage stage, const Course& course) {
  const JobContext& job = course.job;
  const auto scheduler = scheduler_of(std::exchange(stage.units, {}), job);
  const StageSummary summary = run_stage(job.world, scheduler.get(), hooks_of(stage, course),
                                         job.options.job.deadline_seconds, stage.before);
  if (summary.failure != 0) throw Error(static_cast<ExitCode>(summary.failure), summary.failure_line);
  book(course.job.record, summary, stage.before);
  return summary;
}

std::pair<int, std::string> too_many_invalid(const Inputs& inputs, const StageSummary& summary,
                                             const std::vector<std::int64_t>& cells,
                                             const std::string& what) {
  for (std::size_t t = 0; t < summary.invalid_by_task.size(); ++t) {
    const std::int64_t invalid = summary.invalid_by_task[t];
    if (static_cast<double>(invalid) <= inputs.options.job.max_bad * static_cast<double>(cells[t])) continue;
    return {static_cast<int>(ExitCode::bad_instances),
            "task " + inputs.tasks[t].task->name() + ": " + std::to_string(invalid) + " of " +
                std::to_string(cells[t]) + what + ", more than max_bad allows" +
                (inputs.dtype == choice::NumberFormat::fp32 ? "" : "; try --dtype fp32")};
  }
  return {0, ""};
}

Stage cell_stage(const Course& course, std::string name, std::string columns, std::vector<plan::Unit> units,
                 std::function<engine::Work(const plan::Unit&)> work) {
  Stage stage;
  stage.name = std::move(name);
  stage.columns = std::move(columns);
  for (const engine::Kind& kind : course.inputs.kinds) stage.loads.push_back(kind.name);
  const Held& held = course.checkpoints.held();
  if (course.job.first())
    stage.units = left_of(units, course.inputs.kinds, course.filled.shape(), course.filled.asked, held);
  stage.cells = course.filled.cells();
  stage.before = course.checkpoints.cells_before();
  stage.work = [course, work = std::move(work)](const plan::Unit& unit) {
    engine::Work done = work(unit);
    drop_held(done, course.checkpoints.held(), course.filled.shape());
    course.checkpoints.sign(done);
    course.filled.take(done);
    return done;
  };
  stage.save = [course](store::Ledger& ledger, const StageSummary& so_far) {
    ledger.state.heads = so_far;
    for (std::size_t t = 0; t < ledger.tasks.size(); ++t) {
      bring_states_together(ledger.tasks[t], course.job);
      mark(ledger.tasks[t].cells, static_cast<std::int32_t>(t), so_far.exclusions);
    }
  };
  stage.verdict = [course, cells = stage.cells](const StageSummary& so_far) {
    auto verdict = too_many_excluded(course.inputs, so_far);
    return verdict.first != 0 ? verdict
                              : too_many_invalid(course.inputs, so_far, cells, " cells are not finite");
  };
  return stage;
}

StageSummary fill(Stage cells, const Course& course) {
  StageSummary summary = run(std::move(cells), course);
  if (summary.stopped) return summary;
  course.job.record.exclusions = summary.exclusions;
  course.filled.exclude(summary.exclusions);
  course.filled.reduce(course.job);
  return summary;
}

ExitCode stop(const Course& course, const StageSummary& summary) {
  course.reporting.close(store::RunState::stopped, course.filled.outputs);
  if (course.job.first())
    log::info((summary.out_of_time ? std::string("the allocation ends before another unit would: stopped")
                                   : std::string("stopped on request")) +
              "; " + (course.job.options.job.out / store::kLedger).string() +
              " holds what was done, and the same command goes on from there");
  return ExitCode::stopped;
}

}  // namespace hones::sweep
