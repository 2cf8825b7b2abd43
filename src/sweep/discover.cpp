#include <algorithm>
#include <cmath>

#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/model/torch_errors.hpp>
#include <hones/sweep/forecast.hpp>

#include "discovery.hpp"
#include "folder.hpp"

namespace hones::sweep {

using comm::Clock;
using comm::seconds_since;

Discovery::Discovery(const DiscoverOptions& options, comm::Communicator& world)
    : options_(options), world_(world), start_(comm::Clock::now()) {
  record_.begun = utc_now();
  record_.cells_by_rank.assign(static_cast<std::size_t>(world.size()), 0);
}

ExitCode Discovery::run() {
  // Nothing is touched before everything that can be wrong has been looked at.
  if (world_.rank() == 0) ledger_ = check_folder(options_);
  read();
  take_over_ledger();
  if (world_.rank() == 0) open_folder();
  if (!heads() || !neurons()) {
    log_stop();
    return ExitCode::stopped;
  }
  write();
  report();
  return ExitCode::ok;
}

void Discovery::begin_phase(const std::string& phase) {
  phase_ = phase;
  phase_start_ = Clock::now();
  if (progress_) {
    store::Progress progress;
    progress.t = seconds_since(start_);
    progress.phase = phase;
    progress_->report(progress);
  }
}

// Collective: the slowest rank's seconds.
void Discovery::end_phase() {
  const std::int64_t mine = static_cast<std::int64_t>(seconds_since(phase_start_) * 1000);
  std::vector<std::int64_t> all(static_cast<std::size_t>(world_.size()), 0);
  all[static_cast<std::size_t>(world_.rank())] = mine;
  finish(world_.sum({all}), "the end of phase " + phase_);
  record_.phases[phase_] = static_cast<double>(*std::max_element(all.begin(), all.end())) / 1000;
}

// Every rank reads the same; a rank that cannot throws, and the job ends with its line.
void Discovery::read() {
  begin_phase("load");
  model::configure_threads(options_.threads);
  inputs_.emplace(options_);
  if (world_.rank() == 0) {
    const std::string warning = checkpoint::chat_template_warning(options_.model);
    if (!warning.empty()) log::warning(warning);
  }
  inputs_->load_weights();
  for (const TaskItems& task : inputs_->tasks) {
    outputs_.emplace_back().cells = inputs_->empty_cells(task);
  }
  // Before any cell is computed, so that a record which has no target costs nothing.
  for (std::size_t t = 0; t < inputs_->tasks.size(); ++t)
    targets_.push_back(inputs_->evaluator->targets(t, document_frequency(t)));
  read_digest();
  end_phase();
}

std::string Discovery::share_text(const std::string& of_rank_zero, double seconds) {
  const auto view = std::as_bytes(std::span(of_rank_zero.data(), of_rank_zero.size()));
  std::vector<std::byte> bytes(view.begin(), view.end());
  world_.broadcast(bytes, 0, comm::after(std::chrono::duration<double>(seconds)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Of all weights: one rank reads them once more, which may take longer than a reduction; the others are told.
void Discovery::read_digest() {
  constexpr double kReading = 3600;  // s
  const std::string digest = world_.rank() == 0 ? checkpoint::model_digest(options_.model) : "";
  model_digest_ = share_text(digest, std::max(kReading, options_.deadline_seconds));
}

void Discovery::open_folder() {
  prepare_folder(options_, ledger_);
  progress_ = std::make_unique<store::ProgressLog>(options_.out / "progress.jsonl", stderr,
                                                   ::isatty(STDERR_FILENO) != 0);
  store::Progress loaded;
  loaded.t = seconds_since(start_);
  loaded.phase = "load";
  progress_->report(loaded);
}

bool Discovery::heads() {
  begin_phase("heads");
  std::vector<plan::Unit> units;  // rank 0 alone cuts and grants
  if (world_.rank() == 0)
    units = left_of(inputs_->head_units(world_.size()), inputs_->kinds, inputs_->shape, asked_, held_);
  heads_done_ = stage(
      "heads", std::move(units),
      [&](const plan::Unit& unit) {
        Work work = inputs_->evaluator->heads(unit);
        drop_held(work, held_, inputs_->shape);
        for (Work::Block& block : work.blocks)
          outputs_[static_cast<std::size_t>(block.task)].cells.own.push_back(std::move(block.cells));
        return work;
      },
      heads_before_);
  if (heads_done_.stopped) return false;
  record_.exclusions = heads_done_.exclusions;
  for (const plan::Exclusion& exclusion : record_.exclusions) {
    table::Instance& instance = outputs_[static_cast<std::size_t>(exclusion.task)]
                                    .cells.instances[static_cast<std::size_t>(exclusion.instance)];
    instance.state = table::InstanceState::excluded;
    instance.reason = exclusion.reason;
  }
  attribution::HeadOptions head_options{options_.top_k, options_.seed, options_.bootstrap_resamples,
                                        options_.caption_importance};
  for (TaskOutput& output : outputs_) {
    reduce_cells(output);
    output.heads = attribution::head_tables(output.cells, output.bleu, head_options);
    if (std::isnan(output.heads.plain_metric)) {
      throw Error(ExitCode::bad_instances,
                  "task " + output.cells.task + ": no instance could be computed; the first reason: " +
                      (record_.exclusions.empty() ? "none recorded" : record_.exclusions.front().reason));
    }
  }
  end_phase();
  return true;
}

// Afterwards states, utilities, log-probabilities and BLEU counts are complete on every rank.
void Discovery::reduce_cells(TaskOutput& output) {
  table::TaskCells& cells = output.cells;
  table::place_blocks(cells);
  output.bleu = table::bleu_of(cells, 0);
  const std::string what = "the reduction of task " + cells.task;
  finish(world_.merge({bytes_of(cells.states)}), what);
  finish(world_.merge({std::span(cells.utility)}), what);
  finish(world_.merge({std::span(cells.answer_logprob)}), what);
  if (cells.bleu) finish(world_.merge({bytes_of(output.bleu)}), what);
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    table::Instance& instance = cells.instances[static_cast<std::size_t>(i)];
    if (instance.state == table::InstanceState::excluded) continue;
    instance.state = table::InstanceState::done;
    for (std::int64_t c = 0; c < cells.shape.columns(); ++c) {
      table::CellState& state = cells.states[cells.at(i, c)];
      if (state != table::CellState::not_done) continue;
      HONES_ASSERT(!asked_[static_cast<std::size_t>(c)], "a cell of " + cells.task + " that nobody computed");
      state = table::CellState::not_asked;  // a layer without asked heads has no block
    }
  }
}

// Counted over the whole discovery file, each rank its share, also when the run is limited to some instances.
metric::DocumentFrequency Discovery::document_frequency(std::size_t task) {
  metric::DocumentFrequency mine(static_cast<std::size_t>(inputs_->model->config().text.vocab_size));
  if (!inputs_->tasks[task].task->open_ended()) return mine;
  const std::vector<task::Item> all = inputs_->tasks[task].task->items(inputs_->benchmark, -1);
  for (std::size_t i = static_cast<std::size_t>(world_.rank()); i < all.size();
       i += static_cast<std::size_t>(world_.size())) {
    mine.add(attribution::reference_ids(inputs_->model->tokenizer(), all[i].references));
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
    TaskOutput& output = outputs_[t];
    std::vector<table::Head> best = attribution::ranked_heads(output.heads, inputs_->shape);
    best.resize(std::min<std::size_t>(best.size(), static_cast<std::size_t>(options_.stored_heads)));
    stored.push_back(static_cast<std::int64_t>(best.size()));
    output.sums = table::make_sums(inputs_->shape, std::move(best), output.cells.size());
  }
  StageSummary before;
  before.invalid_by_task.assign(outputs_.size(), 0);
  const bool goes_on = take_over_sums();
  if (goes_on) {
    before = add_figures(std::move(before), taken_.state.neurons);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      before.invalid_by_task[t] = taken_.tasks[t].invalid_contributions;
  }
  std::vector<plan::Unit> units;
  if (world_.rank() == 0) units = left_of(inputs_->neuron_units(world_.size(), stored), in_sums_);
  const StageSummary summary = stage(
      "neurons", std::move(units),
      [&](const plan::Unit& unit) {
        const auto t = static_cast<std::size_t>(unit.load);
        Work work = inputs_->evaluator->neurons(unit, outputs_[t].cells, targets_[t], outputs_[t].sums);
        std::fill(in_sums_[t].begin() + unit.instance_begin, in_sums_[t].begin() + unit.instance_end,
                  std::uint8_t{1});
        return work;
      },
      before);
  if (summary.stopped) return false;
  // The last generation is what a grown run begins from. Nothing new: it is there already.
  const bool nothing_new = goes_on && taken_.state.finished && heads_done_.cells == heads_before_.cells &&
                           summary.cells == before.cells;
  if (!nothing_new) checkpoint(summary, false, true);
  const attribution::NeuronOptions neuron_options{options_.top_k, options_.weights, options_.neuron_mode,
                                                  options_.neuron_share};
  for (TaskOutput& output : outputs_) {
    table::NeuronSums& sums = output.sums;
    reduce_sums(sums, output.cells.task);
    output.neurons = attribution::neuron_tables(sums, inputs_->shape, output.heads.importance, neuron_options,
                                                output.fell_back);
    if (output.fell_back && world_.rank() == 0) {
      log::warning(
          "task " + output.cells.task +
          ": no head has a positive importance; neurons are ranked by their mean plain contribution");
    }
  }
  end_phase();
  return true;
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

ExitCode discover(const DiscoverOptions& options, comm::Communicator& world) {
  const std::string advice = "use fewer ranks on this node, a smaller engine.tile_positions (" +
                             std::to_string(options.tile_positions) +
                             " now; 0: by the model's shape) or bf16";
  ExitCode code = ExitCode::ok;
  model::with_torch_errors(advice, [&] { code = Discovery(options, world).run(); });
  return code;
}

std::string dry_run(const DiscoverOptions& options, int ranks) {
  return told(forecast(options, ranks, 0), options);
}

}  // namespace hones::sweep
