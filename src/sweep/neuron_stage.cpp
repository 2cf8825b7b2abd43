#include "neuron_stage.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <hones/attribution/heads.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/log.hpp>

#include "prices.hpp"

namespace hones::sweep {

namespace {

void reduce(const JobContext& job, table::NeuronSums& sums, const std::string& task) {
  const std::string what = "the neuron sums of task " + task;
  std::vector<std::int64_t> small = sums.valid;
  small.push_back(sums.plain_instances);
  job.finish(job.world.sum({small}), what);
  sums.plain_instances = small.back();
  small.pop_back();
  sums.valid = small;
  job.finish(job.world.sum({sums.plain_sum}), what);
  job.finish(job.world.sum({sums.head_drop_sum}), what);
  job.finish(job.world.sum({sums.head_signed_sum}), what);
}

// What the neuron stage works on, complete when made: which heads' sums each task has, what the ledger gave.
class Sums {
 public:
  Sums(const Course& course, const StageSummary& cells) : course_(course), cells_(cells) {
    for (results::TaskOutput& output : course.filled.outputs) begin(output);
    goes_on_ = take_over();
  }

  Stage stage(const std::function<engine::Work(const plan::Unit&)>& work);
  // Collective, the stage over: sums of all ranks, and what is ranked by them.
  void reduce_and_rank();
  // The stage computed nothing, and the ledger says that nothing was left.
  bool nothing_new(const StageSummary& summary) const {
    return goes_on_ && course_.checkpoints.taken().state.finished &&
           cells_.cells == course_.checkpoints.cells_before().cells && summary.cells == before_.cells;
  }
  // Collective: the stage's part of a generation.
  void save(store::Ledger& ledger, const StageSummary& so_far) const;

 private:
  void begin(results::TaskOutput& output);
  bool take_over();
  std::vector<table::Head> drawn(std::int64_t seed) const {
    const Options& options = course_.job.options;
    return attribution::drawn_heads(options.engine.seed, seed, options.ranking.top_k, course_.inputs.shape);
  }

  const Course& course_;
  const StageSummary& cells_;
  std::vector<std::vector<table::Head>> stored_;    // [task]: best first
  std::vector<std::vector<std::uint8_t>> in_sums_;  // [task][N]: this rank's; the ledger's on rank 0
  bool goes_on_ = false;
  plan::Tally before_;
};

// One pass serves the best heads and the drawn ones, which may be the same.
void Sums::begin(results::TaskOutput& output) {
  const Options& options = course_.job.options;
  std::vector<table::Head> best = attribution::ranked_heads(output.heads, course_.inputs.shape);
  best.resize(std::min<std::size_t>(best.size(), static_cast<std::size_t>(options.ranking.stored_heads)));
  stored_.push_back(best);
  for (std::int64_t seed = 0; seed < options.ranking.rand_head_seeds; ++seed) {
    for (const table::Head head : drawn(seed)) {
      if (std::find(best.begin(), best.end(), head) == best.end()) best.push_back(head);
    }
  }
  output.sums = table::make_sums(course_.inputs.shape, std::move(best), output.cells.size());
  in_sums_.emplace_back(static_cast<std::size_t>(output.cells.size()), std::uint8_t{0});
}

// The ledger's sums go on, on rank 0, where they are of the heads now ranked best and of the same scale;
// otherwise the stage runs again whole. The same answer on every rank.
bool Sums::take_over() {
  store::Ledger& taken = course_.checkpoints.taken();
  std::vector<results::TaskOutput>& outputs = course_.filled.outputs;
  before_.invalid_by_task.assign(outputs.size(), 0);
  bool same = !taken.tasks.empty();
  for (std::size_t t = 0; same && t < outputs.size(); ++t) {
    const auto& sums = taken.tasks[t].sums;
    same = sums && sums->heads == outputs[t].sums.heads && sums->scale == outputs[t].sums.scale;
  }
  if (!same) return false;
  before_.Figures::operator+=(taken.state.neurons);
  for (std::size_t t = 0; t < outputs.size(); ++t) {
    before_.invalid_by_task[t] = taken.tasks[t].invalid_contributions;
    if (!course_.job.first()) continue;
    outputs[t].sums = std::move(*taken.tasks[t].sums);
    std::copy(taken.tasks[t].in_sums.begin(), taken.tasks[t].in_sums.end(), in_sums_[t].begin());
  }
  return true;
}

Stage Sums::stage(const std::function<engine::Work(const plan::Unit&)>& work) {
  Stage stage;
  stage.name = "neurons";
  stage.columns = "layers";
  std::vector<std::int64_t> stored;
  for (const results::TaskOutput& output : course_.filled.outputs) {
    const auto& instances = output.cells.instances;
    const std::int64_t done = std::count_if(instances.begin(), instances.end(), [](const auto& i) {
      return i.state == table::InstanceState::done;
    });
    stage.loads.push_back(output.cells.task);
    stored.push_back(std::ssize(output.sums.heads));
    stage.cells.push_back(done * (1 + stored.back()));
  }
  if (course_.job.first())
    stage.units = left_of(neuron_units(course_.inputs, course_.job.world.size(), stored), in_sums_);
  stage.before = before_;
  stage.work = [this, work](const plan::Unit& unit) {
    engine::Work done = work(unit);
    std::vector<std::uint8_t>& in_sums = in_sums_[static_cast<std::size_t>(unit.load)];
    std::fill(in_sums.begin() + unit.instance_begin, in_sums.begin() + unit.instance_end, std::uint8_t{1});
    return done;
  };
  stage.save = [this](store::Ledger& ledger, const StageSummary& so_far) { save(ledger, so_far); };
  stage.verdict = [this, cells = stage.cells](const StageSummary& so_far) {
    return too_many_invalid(course_.inputs, so_far, cells,
                            " contributions are not finite, or too large for the sums (" +
                                std::to_string(static_cast<int>(fixed::kLimit)) + " and more)");
  };
  return stage;
}

void Sums::save(store::Ledger& ledger, const StageSummary& so_far) const {
  const JobContext& job = course_.job;
  ledger.state.heads = cells_;
  ledger.state.neurons = so_far;
  for (std::size_t t = 0; t < ledger.tasks.size(); ++t) {
    store::LedgerTask& task = ledger.tasks[t];
    task.sums = course_.filled.outputs[t].sums;
    reduce(job, *task.sums, task.cells.task);
    task.in_sums = in_sums_[t];
    job.finish(job.world.merge({std::span(task.in_sums)}),
               "the instances in the sums of task " + task.cells.task);
    if (t < so_far.invalid_by_task.size()) task.invalid_contributions = so_far.invalid_by_task[t];
  }
}

void Sums::reduce_and_rank() {
  const Options& options = course_.job.options;
  const attribution::NeuronOptions neuron_options{options.ranking.top_k, options.ranking.weights,
                                                  options.ranking.neuron_mode, options.ranking.neuron_share};
  attribution::NeuronOptions drawn_options = neuron_options;
  drawn_options.weights = choice::HeadWeights::uniform;
  const table::Shape& shape = course_.inputs.shape;
  for (std::size_t t = 0; t < course_.filled.outputs.size(); ++t) {
    results::TaskOutput& output = course_.filled.outputs[t];
    reduce(course_.job, output.sums, output.cells.task);
    for (std::int64_t seed = 0; seed < options.ranking.rand_head_seeds; ++seed) {
      table::DrawnHeads& heads =
          output.drawn.emplace_back(table::DrawnHeads{seed, table::sums_of(output.sums, drawn(seed)), {}});
      bool none_valid = false;
      heads.neurons =
          attribution::neuron_tables(heads.sums, shape, output.heads.importance, drawn_options, none_valid);
    }
    output.sums = table::sums_of(output.sums, stored_[t]);
    output.neurons = attribution::neuron_tables(output.sums, shape, output.heads.importance, neuron_options,
                                                output.fell_back);
    if (output.fell_back && course_.job.first()) {
      log::warning(
          "task " + output.cells.task +
          ": no head has a positive importance; neurons are ranked by their mean plain contribution");
    }
  }
}

}  // namespace

StageSummary neurons(const Course& course, const StageSummary& cells,
                     const std::function<engine::Work(const plan::Unit&)>& work) {
  Phase phase(course.job, "neurons");
  course.reporting.begin(phase);
  Sums sums(course, cells);
  const StageSummary summary = run(sums.stage(work), course);
  if (summary.stopped) return summary;
  // The last generation is what a grown run begins from. Nothing new: it is there already.
  if (!sums.nothing_new(summary))
    course.checkpoints.write([&](store::Ledger& ledger) { sums.save(ledger, summary); }, true);
  sums.reduce_and_rank();
  phase.end();
  return summary;
}

}  // namespace hones::sweep
