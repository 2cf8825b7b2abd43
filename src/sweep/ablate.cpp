// Masks sets of neurons and heads on a split, and says what they cost.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

#include <hones/attribution/ablation.hpp>
#include <hones/base/digest.hpp>
#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/metric/named.hpp>
#include <hones/model/threads.hpp>
#include <hones/results/ablation_rows.hpp>
#include <hones/stats/elbow.hpp>
#include <hones/store/ablation_file.hpp>
#include <hones/store/results.hpp>
#include <hones/sweep/ablate.hpp>

#include "run.hpp"

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

class Masking : public Run {
 public:
  Masking(const AblateOptions& options, comm::Communicator& world)
      : Run(options.run, world), ablation_(options) {}

  ExitCode run() {
    begin();
    std::vector<plan::Unit> units;  // rank 0 alone cuts and grants
    if (world_.rank() == 0) units = inputs_->row_units(world_.size());
    if (!fill_cells("cells", std::move(units), [&](const plan::Unit& unit) {
          return inputs_->evaluator->interventions(unit, interventions_);
        })) {
      log_stop();
      return ExitCode::stopped;
    }
    const bool nothing_new = taken_.state.finished && cells_done_.cells == cells_before_.cells;
    if (!nothing_new) checkpoint(StageSummary(), false, true);
    end_phase();
    write();
    if (world_.rank() == 0) report();
    return ExitCode::ok;
  }

 private:
  std::map<std::string, std::string> environment() const override {
    auto environment = Run::environment();
    environment["interventions"] = rows_digest_;
    return environment;
  }

  // What is masked decides the table's shape, and the model's digest what may be masked.
  void read() override {
    begin_phase("load");
    model::configure_threads(options_.engine.threads);
    inputs_.emplace(options_, false);
    std::string bytes;
    if (world_.rank() == 0) {
      model_digest_ = checkpoint::model_digest(options_.selection.model);
      bytes =
          results::to_bytes(results::ablation_rows(ablation_.masked, subject_of(*inputs_, model_digest_)));
    }
    constexpr double kReading = 3600;  // s: of all weights and a discovery, on rank 0
    bytes = share_text(bytes, std::max(kReading, options_.job.deadline_seconds));
    rows_ = results::rows_from(bytes);
    rows_digest_ = sha256(bytes);
    for (const auto& of_task : rows_) {
      auto& list = interventions_.emplace_back();
      for (const results::AblationRow& row : of_task) list.push_back(row.what);
    }
    inputs_->shape.rows = std::ssize(rows_.front());
    read_weights();
    end_phase();
  }

  void write() {
    begin_phase("write");
    std::vector<store::AblationFileTask> tasks;
    for (std::size_t t = 0; t < outputs_.size(); ++t) summarise(t, tasks);
    record_.slabs = store::write_ablation(options_.job.out / "ablation.h5", world_, header(), tasks,
                                          std::chrono::duration<double>(options_.job.deadline_seconds));
    if (world_.rank() == 0) {
      write_file(options_.job.out / "settings.toml", options_.job.settings_toml);
      write_file(options_.job.out / "ablation.csv", store::ablation_csv(drops_));
      write_file(options_.job.out / "comparisons.csv", store::comparisons_csv(comparisons_));
    }
    end_phase();
  }

  void summarise(std::size_t t, std::vector<store::AblationFileTask>& tasks) {
    const table::TaskCells& cells = outputs_[t].cells;
    const std::vector<results::AblationRow>& rows = rows_[t];
    const attribution::Ablation drops(
        cells, outputs_[t].counts,
        {options_.engine.seed, options_.ranking.bootstrap_resamples, ablation_.caption_metric});
    const std::vector<Group> groups = groups_of(rows);
    std::vector<double> budgets, relative;  // of heads together
    for (const Group& group : groups) {
      const bool drawn = rows[group.rows.front()].seed >= 0;
      for (const std::size_t r : group.rows)
        drops_.push_back(
            csv_row(cells.task, group, drawn ? std::to_string(rows[r].seed) : "", drops.drop({r})));
      const attribution::Drop whole = drops.drop(group.rows);
      if (drawn) drops_.push_back(csv_row(cells.task, group, "mean", whole));
      if (group.strategy == "heads" && !std::isnan(whole.relative_percent)) {
        budgets.push_back(static_cast<double>(group.budget));
        relative.push_back(whole.relative_percent);
      }
    }
    for (std::size_t a = 0; a < groups.size(); ++a) {
      for (std::size_t b = a + 1; b < groups.size(); ++b) {
        if (groups[a].budget != groups[b].budget || groups[a].strategy == "heads" ||
            groups[b].strategy == "heads")
          continue;
        const attribution::Comparison c = drops.compare(groups[a].rows, groups[b].rows);
        comparisons_.push_back({cells.task, groups[a].strategy, groups[b].strategy, groups[a].budget,
                                c.difference, c.ci_low, c.ci_high, c.p_two_sided});
      }
    }
    store::AblationFileTask task{
        cells, outputs_[t].counts, options_.selection.split, ablation_.caption_metric, rows, {}};
    if (budgets.size() > 2) task.elbow = stats::elbow(budgets, relative).budget();
    elbows_.push_back(task.elbow);
    tasks.push_back(std::move(task));
  }

  store::AblationCsvRow csv_row(const std::string& task, const Group& group, const std::string& seed,
                                const attribution::Drop& drop) const {
    return {
        task,        group.strategy, options_.selection.split, group.budget, seed,         drop.base,
        drop.masked, drop.absolute,  drop.relative_percent,    drop.ci_low,  drop.ci_high, drop.instances};
  }

  void report() {
    close_record();
    std::string text = "\n";
    char line[192];
    std::string task;
    for (const store::AblationCsvRow& row : drops_) {
      if (!row.seed.empty() && row.seed != "mean") continue;
      if (row.task != task) {
        task = row.task;
        const auto t = static_cast<std::size_t>(
            std::find(options_.selection.tasks.begin(), options_.selection.tasks.end(), task) -
            options_.selection.tasks.begin());
        std::snprintf(line, sizeof line, "%s%s  %s = %.4f on %lld instances of %s", t == 0 ? "" : "\n",
                      task.c_str(), metric_of(t).c_str(), row.base, static_cast<long long>(row.instances),
                      options_.selection.split.c_str());
        text += line;
        if (elbows_[t]) text += "; elbow of the heads at " + shortest(*elbows_[t]);
        text += "\n  masked              budget    metric   relative drop   absolute  95 % interval\n";
      }
      std::snprintf(line, sizeof line, "  %-18s  %6lld  %8.4f  %13.1f %%  %+9.4f  [%+.4f, %+.4f]\n",
                    row.strategy.c_str(), static_cast<long long>(row.budget), row.masked,
                    row.relative_drop_percent, row.absolute_drop, row.ci_low, row.ci_high);
      text += line;
    }
    const double seconds = record_.phases.at("cells");
    std::snprintf(line, sizeof line, "\n%s cells in %s on %zu rank%s, %.3f forward-equivalents per cell\n",
                  grouped(record_.all.cells - record_.taken_over.cells).c_str(), duration(seconds).c_str(),
                  record_.nodes.size(), record_.nodes.size() == 1 ? "" : "s",
                  record_.all.layer_positions / record_.all.full_layer_positions);
    text += line;
    text += "results: " + options_.job.out.string() +
            "/{ablation.h5, ablation.csv, comparisons.csv, settings.toml, run.json}\n";
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  std::string metric_of(std::size_t t) const {
    const table::TaskCells& cells = outputs_[t].cells;
    if (cells.counts == 0 || ablation_.caption_metric != choice::CaptionBleu::corpus) return cells.metric;
    return std::string(metric::counts_of(cells.metric)->metric);
  }

  const AblateOptions& ablation_;
  std::vector<std::vector<results::AblationRow>> rows_;          // [task][row]
  std::vector<std::vector<table::Intervention>> interventions_;  // likewise
  std::string rows_digest_;
  std::vector<store::AblationCsvRow> drops_;
  std::vector<store::ComparisonCsvRow> comparisons_;
  std::vector<std::optional<double>> elbows_;  // by task
};

}  // namespace

std::string ablate_dry_run(const AblateOptions& options, int ranks) {
  Inputs inputs(options.run, false);
  const auto rows = results::ablation_rows(
      options.masked, subject_of(inputs, checkpoint::model_digest(options.run.selection.model)));
  inputs.shape.rows = std::ssize(rows.front());
  std::string text;
  std::int64_t cells = 0;
  for (std::size_t t = 0; t < inputs.tasks.size(); ++t) {
    const auto n = static_cast<std::int64_t>(inputs.tasks[t].items.size());
    cells += n * (1 + inputs.shape.rows);
    text += inputs.tasks[t].task->name() + ": " + grouped(n) + " instances of " +
            options.run.selection.split + ", " + grouped(inputs.shape.rows) +
            " interventions and the plain run\n";
    for (const Group& group : groups_of(rows[t]))
      text += "  " + group.strategy + " " + grouped(group.budget) +
              (group.rows.size() > 1 ? " x " + std::to_string(group.rows.size()) + " seeds" : "") + "\n";
  }
  return text + grouped(cells) + " cells in " +
         grouped(static_cast<std::int64_t>(inputs.row_units(ranks).size())) + " units for " +
         std::to_string(ranks) + " rank" + (ranks == 1 ? "" : "s") + "\n";
}

ExitCode ablate(const AblateOptions& options, comm::Communicator& world) {
  return with_advice(options.run, [&] { return Masking(options, world).run(); });
}

}  // namespace hones::sweep
