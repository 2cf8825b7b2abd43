#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/model/threads.hpp>
#include <hones/sweep/forecast.hpp>

#include "discovery.hpp"

namespace hones::sweep {

ExitCode Discovery::run() {
  begin();
  if (!heads() || !neurons()) {
    log_stop();
    return ExitCode::stopped;
  }
  write();
  report();
  return ExitCode::ok;
}

void Discovery::read() {
  begin_phase("load");
  model::configure_threads(options_.engine.threads);
  inputs_.emplace(options_);
  read_weights();
  // Before any cell is computed, so that a record which has no target costs nothing.
  for (std::size_t t = 0; t < inputs_->tasks.size(); ++t)
    targets_.push_back(inputs_->evaluator->targets(t, document_frequency(t)));
  end_phase();
}

std::int64_t Discovery::cells_of(std::size_t task, bool cell_stage) const {
  if (cell_stage) return Run::cells_of(task, cell_stage);
  const table::TaskCells& cells = outputs_[task].cells;
  const std::int64_t done =
      std::count_if(cells.instances.begin(), cells.instances.end(),
                    [](const table::Instance& i) { return i.state == table::InstanceState::done; });
  return done * (1 + static_cast<std::int64_t>(outputs_[task].sums.heads.size()));
}

bool Discovery::heads() {
  std::vector<plan::Unit> units;  // rank 0 alone cuts and grants
  if (world_.rank() == 0) units = inputs_->head_units(world_.size());
  if (!fill_cells("heads", std::move(units),
                  [&](const plan::Unit& unit) { return inputs_->evaluator->heads(unit); }))
    return false;
  const attribution::HeadOptions head_options{options_.ranking.top_k, options_.engine.seed,
                                              options_.ranking.bootstrap_resamples,
                                              options_.ranking.caption_importance};
  for (results::TaskOutput& output : outputs_)
    output.heads = attribution::head_tables(output.cells, output.counts, head_options);
  end_phase();
  return true;
}

// Counted over the whole discovery file, each rank its share, also when the run is limited to some instances.
metric::DocumentFrequency Discovery::document_frequency(std::size_t task) {
  metric::DocumentFrequency mine(static_cast<std::size_t>(inputs_->model->config().text.vocab_size));
  if (!inputs_->tasks[task].task->open_ended()) return mine;
  const std::vector<task::Item> all = inputs_->tasks[task].task->items(inputs_->benchmark, -1);
  for (std::size_t i = static_cast<std::size_t>(world_.rank()); i < all.size();
       i += static_cast<std::size_t>(world_.size())) {
    mine.add(attribution::reference_ids(inputs_->packer->tokenizer(), all[i].references));
  }
  std::vector<std::int64_t> counts(mine.counts().begin(), mine.counts().end());
  counts.push_back(mine.instances());
  finish(world_.sum({counts}), "the document frequencies of task " + inputs_->tasks[task].task->name());
  const std::int64_t instances = counts.back();
  counts.pop_back();
  return metric::DocumentFrequency(std::move(counts), instances);
}

bool Discovery::neurons() {
  begin_phase("neurons");
  std::vector<std::int64_t> stored;
  for (std::size_t t = 0; t < inputs_->tasks.size(); ++t) {
    results::TaskOutput& output = outputs_[t];
    std::vector<table::Head> best = attribution::ranked_heads(output.heads, inputs_->shape);
    best.resize(std::min<std::size_t>(best.size(), static_cast<std::size_t>(options_.ranking.stored_heads)));
    stored_.push_back(best);
    // One pass serves the best heads and the drawn ones, which may be the same.
    for (std::int64_t seed = 0; seed < options_.ranking.rand_head_seeds; ++seed) {
      for (const table::Head head : drawn(seed)) {
        if (std::find(best.begin(), best.end(), head) == best.end()) best.push_back(head);
      }
    }
    stored.push_back(static_cast<std::int64_t>(best.size()));
    output.sums = table::make_sums(inputs_->shape, std::move(best), output.cells.size());
  }
  plan::Tally before;
  before.invalid_by_task.assign(outputs_.size(), 0);
  const bool goes_on = take_over_sums();
  if (goes_on) {
    before.Figures::operator+=(taken_.state.neurons);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      before.invalid_by_task[t] = taken_.tasks[t].invalid_contributions;
  }
  std::vector<plan::Unit> units;
  if (world_.rank() == 0) units = left_of(inputs_->neuron_units(world_.size(), stored), in_sums_);
  const StageSummary summary = stage(
      std::move(units),
      [&](const plan::Unit& unit) {
        const auto t = static_cast<std::size_t>(unit.load);
        engine::Work work =
            inputs_->evaluator->neurons(unit, outputs_[t].cells, targets_[t], outputs_[t].sums);
        std::fill(in_sums_[t].begin() + unit.instance_begin, in_sums_[t].begin() + unit.instance_end,
                  std::uint8_t{1});
        return work;
      },
      before, false);
  if (summary.stopped) return false;
  // The last generation is what a grown run begins from. Nothing new: it is there already.
  const bool nothing_new = goes_on && taken_.state.finished && cells_done_.cells == cells_before_.cells &&
                           summary.cells == before.cells;
  if (!nothing_new) checkpoint(summary, false, true);
  const attribution::NeuronOptions neuron_options{options_.ranking.top_k, options_.ranking.weights,
                                                  options_.ranking.neuron_mode,
                                                  options_.ranking.neuron_share};
  attribution::NeuronOptions drawn_options = neuron_options;
  drawn_options.weights = choice::HeadWeights::uniform;
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    results::TaskOutput& output = outputs_[t];
    reduce_sums(output.sums, output.cells.task);
    for (std::int64_t seed = 0; seed < options_.ranking.rand_head_seeds; ++seed) {
      table::DrawnHeads& heads =
          output.drawn.emplace_back(table::DrawnHeads{seed, table::sums_of(output.sums, drawn(seed)), {}});
      bool none_valid = false;
      heads.neurons = attribution::neuron_tables(heads.sums, inputs_->shape, output.heads.importance,
                                                 drawn_options, none_valid);
    }
    output.sums = table::sums_of(output.sums, stored_[t]);
    output.neurons = attribution::neuron_tables(output.sums, inputs_->shape, output.heads.importance,
                                                neuron_options, output.fell_back);
    if (output.fell_back && world_.rank() == 0) {
      log::warning(
          "task " + output.cells.task +
          ": no head has a positive importance; neurons are ranked by their mean plain contribution");
    }
  }
  end_phase();
  return true;
}

std::vector<table::Head> Discovery::drawn(std::int64_t seed) const {
  return attribution::drawn_heads(options_.engine.seed, seed, options_.ranking.top_k, inputs_->shape);
}

void Discovery::add_to_ledger(store::LedgerTask& task, std::size_t index, const StageSummary& so_far) {
  task.sums = outputs_[index].sums;
  reduce_sums(*task.sums, task.cells.task);
  task.in_sums = in_sums_[index];
  finish(world_.merge({std::span(task.in_sums)}), "the instances in the sums of task " + task.cells.task);
  if (index < so_far.invalid_by_task.size()) task.invalid_contributions = so_far.invalid_by_task[index];
}

// The ledger's sums go on, on rank 0, where they are of the heads now ranked best and of the same scale;
// otherwise the stage runs again whole. The same answer on every rank.
bool Discovery::take_over_sums() {
  in_sums_.clear();
  bool same = !taken_.tasks.empty();
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    in_sums_.emplace_back(static_cast<std::size_t>(outputs_[t].cells.size()), std::uint8_t{0});
    if (!same) continue;
    const auto& sums = taken_.tasks[t].sums;
    same = sums && sums->heads == outputs_[t].sums.heads && sums->scale == outputs_[t].sums.scale;
  }
  for (std::size_t t = 0; same && world_.rank() == 0 && t < outputs_.size(); ++t) {
    outputs_[t].sums = std::move(*taken_.tasks[t].sums);
    std::copy(taken_.tasks[t].in_sums.begin(), taken_.tasks[t].in_sums.end(), in_sums_[t].begin());
  }
  return same;
}

void Discovery::reduce_sums(table::NeuronSums& sums, const std::string& task) {
  const std::string what = "the neuron sums of task " + task;
  std::vector<std::int64_t> small = sums.valid;
  small.push_back(sums.plain_instances);
  finish(world_.sum({small}), what);
  sums.plain_instances = small.back();
  small.pop_back();
  sums.valid = small;
  finish(world_.sum({sums.plain_sum}), what);
  finish(world_.sum({sums.head_drop_sum}), what);
  finish(world_.sum({sums.head_signed_sum}), what);
}

ExitCode discover(const Options& options, comm::Communicator& world) {
  return with_advice(options, [&] { return Discovery(options, world).run(); });
}

std::string dry_run(const Options& options, int ranks) {
  return told(forecast(options, ranks, 0), options);
}

}  // namespace hones::sweep
