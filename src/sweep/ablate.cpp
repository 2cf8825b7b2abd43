// Masks sets of neurons and heads on a split, and says what they cost.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/attribution/ablation.hpp>
#include <hones/base/digest.hpp>
#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/metric/named.hpp>
#include <hones/results/ablation_rows.hpp>
#include <hones/stats/elbow.hpp>
#include <hones/store/ablation_file.hpp>
#include <hones/store/results.hpp>
#include <hones/sweep/ablate.hpp>

#include "job_stage.hpp"
#include "loaded.hpp"
#include "opening.hpp"
#include "prices.hpp"

namespace hones::sweep {

namespace {

// Rows of one strategy and budget: several where seeds were drawn.
struct Group {
  std::string strategy;
  std::int64_t budget = 0;
  std::vector<std::size_t> rows;
};

std::vector<Group> groups_of(const std::vector<results::AblationRow>& rows) {
  std::vector<Group> groups;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> known;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto [found, fresh] = known.try_emplace({rows[r].strategy, rows[r].budget}, groups.size());
    if (fresh) groups.push_back({rows[r].strategy, rows[r].budget, {}});
    groups[found->second].rows.push_back(r);
  }
  return groups;
}

results::AblationSubject subject_of(const Inputs& inputs, const std::string& model_digest) {
  return {inputs.options.selection.tasks, inputs.options.selection.benchmark, inputs.options.engine.seed,
          inputs.shape, model_digest};
}

// Where every intervention begins, by task.
std::vector<std::vector<RowsAt>> begins(const std::vector<std::vector<results::AblationRow>>& rows,
                                        std::int64_t layers) {
  std::vector<std::vector<RowsAt>> all;
  for (const auto& of_task : rows) {
    std::vector<RowsAt>& groups = all.emplace_back();
    for (const results::AblationRow& row : of_task) groups.push_back({row.what.first_layer(layers), 1});
  }
  return all;
}

// What is masked, equal on every rank. It decides the table's shape.
struct Masks {
  // Collective: rank 0 reads the discovery, the others are told.
  Masks(const JobContext& job, const AblateOptions& options, const Inputs& inputs,
        const std::string& model_digest);

  std::vector<std::vector<results::AblationRow>> rows;          // [task][row]
  std::vector<std::vector<table::Intervention>> interventions;  // likewise
  std::string digest;
  table::Shape shape;
};

Masks::Masks(const JobContext& job, const AblateOptions& options, const Inputs& inputs,
             const std::string& model_digest)
    : shape(inputs.shape) {
  std::string bytes;
  if (job.first())
    bytes = results::to_bytes(results::ablation_rows(options.masked, subject_of(inputs, model_digest)));
  bytes = job.share(bytes, reading_seconds(job.options));
  rows = results::rows_from(bytes);
  digest = sha256(bytes);
  for (const auto& of_task : rows) {
    auto& list = interventions.emplace_back();
    for (const results::AblationRow& row : of_task) list.push_back(row.what);
  }
  shape.interventions = std::ssize(rows.front());
}

// What masking costs, task by task.
class Costs {
 public:
  Costs(const AblateOptions& options, const Masks& masks, const Filled& filled)
      : options_(options), masks_(masks), filled_(filled) {
    for (std::size_t t = 0; t < filled.outputs.size(); ++t) of_task(t);
  }

  // Collective.
  void write(JobContext& job, const store::FileHeader& header) const;
  std::string told(const Record& record) const;

 private:
  void of_task(std::size_t t);
  std::optional<double> drops_of(std::size_t t, const std::vector<Group>& groups,
                                 const attribution::Ablation& drops);
  void compare(const std::string& task, const std::vector<Group>& groups, const attribution::Ablation& drops);
  store::AblationCsvRow csv_row(const std::string& task, const Group& group, const std::string& seed,
                                const attribution::Drop& drop) const;
  std::string metric_of(std::size_t t) const;
  std::string heading(const store::AblationCsvRow& row) const;

  const AblateOptions& options_;
  const Masks& masks_;
  const Filled& filled_;
  std::vector<store::AblationCsvRow> drops_;
  std::vector<store::ComparisonCsvRow> comparisons_;
  std::vector<std::optional<double>> elbows_;  // by task
};

void Costs::of_task(std::size_t t) {
  const results::TaskOutput& output = filled_.outputs[t];
  const attribution::Ablation drops(
      output.cells, output.counts,
      {options_.run.engine.seed, options_.run.ranking.bootstrap_resamples, options_.caption_metric});
  const std::vector<Group> groups = groups_of(masks_.rows[t]);
  elbows_.push_back(drops_of(t, groups, drops));
  compare(output.cells.task, groups, drops);
}

// Rows of ablation.csv; returns the elbow of heads together.
std::optional<double> Costs::drops_of(std::size_t t, const std::vector<Group>& groups,
                                      const attribution::Ablation& drops) {
  const std::string& task = filled_.outputs[t].cells.task;
  const std::vector<results::AblationRow>& rows = masks_.rows[t];
  std::vector<double> budgets, relative;  // of heads together
  for (const Group& group : groups) {
    const bool drawn = rows[group.rows.front()].seed >= 0;
    for (const std::size_t r : group.rows)
      drops_.push_back(csv_row(task, group, drawn ? std::to_string(rows[r].seed) : "", drops.drop({r})));
    const attribution::Drop whole = drops.drop(group.rows);
    if (drawn) drops_.push_back(csv_row(task, group, "mean", whole));
    if (group.strategy == "heads" && !std::isnan(whole.relative_percent)) {
      budgets.push_back(static_cast<double>(group.budget));
      relative.push_back(whole.relative_percent);
    }
  }
  if (budgets.size() <= 2) return std::nullopt;
  return stats::elbow(budgets, relative).budget();
}

void Costs::compare(const std::string& task, const std::vector<Group>& groups,
                    const attribution::Ablation& drops) {
  for (std::size_t a = 0; a < groups.size(); ++a) {
    for (std::size_t b = a + 1; b < groups.size(); ++b) {
      if (groups[a].budget != groups[b].budget || groups[a].strategy == "heads" ||
          groups[b].strategy == "heads")
        continue;
      const attribution::Comparison c = drops.compare(groups[a].rows, groups[b].rows);
      comparisons_.push_back({task, groups[a].strategy, groups[b].strategy, groups[a].budget, c.difference,
                              c.ci_low, c.ci_high, c.p_two_sided});
    }
  }
}

store::AblationCsvRow Costs::csv_row(const std::string& task, const Group& group, const std::string& seed,
                                     const attribution::Drop& drop) const {
  return {
      task,        group.strategy, options_.run.selection.split, group.budget, seed,         drop.base,
      drop.masked, drop.absolute,  drop.relative_percent,        drop.ci_low,  drop.ci_high, drop.instances};
}

void Costs::write(JobContext& job, const store::FileHeader& header) const {
  std::vector<store::AblationFileTask> tasks;
  for (std::size_t t = 0; t < filled_.outputs.size(); ++t) {
    const results::TaskOutput& output = filled_.outputs[t];
    tasks.push_back({output.cells, output.counts, options_.run.selection.split, options_.caption_metric,
                     masks_.rows[t], elbows_[t]});
  }
  const std::filesystem::path& folder = job.options.job.out;
  job.record.slabs = store::write_ablation(folder / "ablation.h5", job.world, header, tasks,
                                           std::chrono::duration<double>(job.options.job.deadline_seconds));
  if (!job.first()) return;
  write_file(folder / "settings.toml", job.options.job.settings_toml);
  write_file(folder / "ablation.csv", store::ablation_csv(drops_));
  write_file(folder / "comparisons.csv", store::comparisons_csv(comparisons_));
}

std::string Costs::metric_of(std::size_t t) const {
  const table::TaskCells& cells = filled_.outputs[t].cells;
  if (cells.counts == 0 || options_.caption_metric != choice::CaptionBleu::corpus) return cells.metric;
  return std::string(metric::counts_of(cells.metric)->metric);
}

// Of the task whose first row this is.
std::string Costs::heading(const store::AblationCsvRow& row) const {
  const std::vector<std::string>& tasks = options_.run.selection.tasks;
  const auto t = static_cast<std::size_t>(std::find(tasks.begin(), tasks.end(), row.task) - tasks.begin());
  char line[192];
  std::snprintf(line, sizeof line, "%s%s  %s = %.4f on %lld instances of %s", t == 0 ? "" : "\n",
                row.task.c_str(), metric_of(t).c_str(), row.base, static_cast<long long>(row.instances),
                options_.run.selection.split.c_str());
  std::string text = line;
  if (elbows_[t]) text += "; elbow of the heads at " + shortest(*elbows_[t]);
  return text + "\n  masked              budget    metric   relative drop   absolute  95 % interval\n";
}

// For a terminal.
std::string Costs::told(const Record& record) const {
  std::string text = "\n";
  char line[192];
  std::string task;
  for (const store::AblationCsvRow& row : drops_) {
    if (!row.seed.empty() && row.seed != "mean") continue;
    if (std::exchange(task, row.task) != row.task) text += heading(row);
    std::snprintf(line, sizeof line, "  %-18s  %6lld  %8.4f  %13.1f %%  %+9.4f  [%+.4f, %+.4f]\n",
                  row.strategy.c_str(), static_cast<long long>(row.budget), row.masked,
                  row.relative_drop_percent, row.absolute_drop, row.ci_low, row.ci_high);
    text += line;
  }
  const double seconds = record.phases.at("cells");
  std::snprintf(line, sizeof line, "\n%s cells in %s on %zu rank%s, %.3f forward-equivalents per cell\n",
                grouped(record.all.cells - record.taken_over.cells).c_str(), duration(seconds).c_str(),
                record.nodes.size(), record.nodes.size() == 1 ? "" : "s",
                record.all.layer_positions / record.all.full_layer_positions);
  text += line;
  return text + "results: " + options_.run.job.out.string() +
         "/{ablation.h5, ablation.csv, comparisons.csv, settings.toml, run.json}\n";
}

// The only stage: its columns are interventions.
StageSummary mask(const Course& course, const Loaded& loaded, const Masks& masks) {
  Phase phase(course.job, "cells");
  course.reporting.begin(phase);
  std::vector<plan::Unit> units;  // rank 0 alone cuts and grants
  if (course.job.first())
    units = row_units(course.inputs, begins(masks.rows, masks.shape.layers), course.job.world.size(),
                      loaded.flops_per_second());
  StageSummary summary = fill(
      cell_stage(course, phase.name(), "interventions", std::move(units),
                 [&](const plan::Unit& unit) { return loaded.interventions(unit, masks.interventions); }),
      course);
  if (summary.stopped) return summary;
  const bool nothing_new =
      course.checkpoints.taken().state.finished && summary.cells == course.checkpoints.cells_before().cells;
  if (!nothing_new)
    course.checkpoints.write([&](store::Ledger& ledger) { ledger.state.heads = summary; }, true);
  phase.end();
  return summary;
}

ExitCode run(const AblateOptions& options, comm::Communicator& world) {
  JobContext job(options.run, world);
  const std::string ledger = found_ledger(job);
  Phase load(job, "load");
  const Inputs inputs(options.run, false);
  // The model's digest decides what may be masked, and that the table's shape.
  const std::string known = job.first() ? checkpoint::model_digest(options.run.selection.model) : "";
  const Masks masks(job, options, inputs, known);
  warn_of_template(job);
  const Loaded loaded(inputs);
  Filled filled(inputs, masks.shape);
  store::FileHeader header = header_of(inputs, masks.shape, shared_digest(job, known));
  header.environment["interventions"] = masks.digest;
  load.end();
  Checkpoints checkpoints(job, filled, std::move(header), ledger);
  Reporting reporting(job, checkpoints.ledger());
  const Course course{job, inputs, filled, checkpoints, reporting};

  const StageSummary cells = mask(course, loaded, masks);
  if (cells.stopped) return stop(course, cells);
  Phase write(job, "write");
  reporting.begin(write);
  const Costs costs(options, masks, filled);
  costs.write(job, checkpoints.header());
  write.end();
  reporting.close(store::RunState::done, filled.outputs);
  if (job.first()) {
    std::fputs(costs.told(job.record).c_str(), stdout);
    std::fflush(stdout);
  }
  return ExitCode::ok;
}

}  // namespace

std::string ablate_dry_run(const AblateOptions& options, int ranks) {
  const Inputs inputs(options.run, false);
  const auto rows = results::ablation_rows(
      options.masked, subject_of(inputs, checkpoint::model_digest(options.run.selection.model)));
  const std::int64_t masked = std::ssize(rows.front());
  std::string text;
  std::int64_t cells = 0;
  for (std::size_t t = 0; t < inputs.tasks.size(); ++t) {
    const auto n = static_cast<std::int64_t>(inputs.tasks[t].items.size());
    cells += n * (1 + masked);
    text += inputs.tasks[t].task->name() + ": " + grouped(n) + " instances of " +
            options.run.selection.split + ", " + grouped(masked) + " interventions and the plain run\n";
    for (const Group& group : groups_of(rows[t]))
      text += "  " + group.strategy + " " + grouped(group.budget) +
              (group.rows.size() > 1 ? " x " + std::to_string(group.rows.size()) + " seeds" : "") + "\n";
  }
  return text + grouped(cells) + " cells in " +
         grouped(static_cast<std::int64_t>(
             row_units(inputs, begins(rows, inputs.shape.layers), ranks, 0).size())) +
         " units for " + std::to_string(ranks) + " rank" + (ranks == 1 ? "" : "s") + "\n";
}

ExitCode ablate(const AblateOptions& options, comm::Communicator& world) {
  return with_advice(options.run, [&] { return run(options, world); });
}

}  // namespace hones::sweep
