#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/model/torch_errors.hpp>
#include <hones/plan/planner.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/store/ledger.hpp>
#include <hones/store/progress.hpp>
#include <hones/store/results.hpp>
#include <hones/sweep/discover.hpp>
#include <hones/sweep/forecast.hpp>
#include <hones/sweep/outputs.hpp>
#include <hones/sweep/stage.hpp>

#include "folder.hpp"
#include "inputs.hpp"
#include "record.hpp"
#include "resume.hpp"

namespace hones::sweep {

namespace {

using comm::Clock;
using comm::seconds_since;

StageSummary add_figures(StageSummary summary, const store::StageFigures& figures) {
  summary.cells += figures.cells;
  summary.layer_positions += figures.layer_positions;
  summary.decode_layer_positions += figures.decode_layer_positions;
  summary.full_layer_positions += figures.full_layer_positions;
  return summary;
}

store::StageFigures figures_of(const StageSummary& summary) {
  return {summary.cells, summary.layer_positions, summary.decode_layer_positions,
          summary.full_layer_positions};
}

template <typename T>
std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// The whole job of one rank. Order: read, take over the ledger, head stage, reductions, head rankings, neuron
// stage, last checkpoint, reductions, files. What is on every rank after each step is said there.
class Discovery {
 public:
  Discovery(const DiscoverOptions& options, comm::Communicator& world)
      : options_(options), world_(world), start_(Clock::now()) {
    record_.begun = utc_now();
    record_.cells_by_rank.assign(static_cast<std::size_t>(world.size()), 0);
  }

  ExitCode run() {
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

 private:
  void read();
  void read_digest();
  void take_over_ledger();
  void open_folder();
  bool heads();  // false: stopped on request, like neurons()
  bool neurons();
  void log_stop();
  void write();
  void report();

  void reduce_cells(TaskOutput& output);
  void reduce_sums(table::NeuronSums& sums, const std::string& task);
  metric::DocumentFrequency document_frequency(std::size_t task);
  std::string share_text(const std::string& of_rank_zero, double seconds);
  StageSummary stage(const std::string& phase, std::vector<plan::Unit> units,
                     const std::function<Work(const plan::Unit&)>& work, const StageSummary& before);
  store::FileHeader header() const;
  table::TaskCells cells_so_far(TaskOutput& output, std::int32_t task,
                                const std::vector<plan::Exclusion>& exclusions, bool head_stage);
  void checkpoint(const StageSummary& so_far, bool head_stage, bool finished);
  bool take_over_sums();
  std::int64_t cells_of(std::size_t task, bool head_stage) const;
  std::int64_t cells_of_all(bool head_stage) const;
  store::Progress progress_of(const StageView& view, std::int64_t cells_all,
                              const StageSummary& before) const;
  std::pair<int, std::string> verdict(const StageSummary& summary, bool head_stage) const;
  void begin_phase(const std::string& phase);
  void end_phase();
  void finish(std::unique_ptr<comm::Pending> pending, const std::string& what) {
    comm::finish(std::move(pending), comm::after(std::chrono::duration<double>(options_.deadline_seconds)),
                 what);
  }

  const DiscoverOptions& options_;
  comm::Communicator& world_;
  Clock::time_point start_;
  Clock::time_point phase_start_;
  std::string phase_;
  std::optional<Inputs> inputs_;
  std::string model_digest_;
  std::vector<std::vector<attribution::Target>> targets_;  // [task][instance]
  std::vector<TaskOutput> outputs_;
  std::filesystem::path ledger_;  // to go on from; empty: none
  store::Ledger taken_;           // it, but for the cells
  Held held_;
  std::vector<bool> asked_;                         // by column
  StageSummary heads_before_, heads_done_;          // of earlier starts; and with this one
  std::vector<std::vector<std::uint8_t>> in_sums_;  // [task][N]: this rank's; the ledger's on rank 0
  Clock::time_point saved_;                         // the end of the last checkpoint
  std::unique_ptr<store::ProgressLog> progress_;    // rank 0
  Record record_;
};

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

// Every rank reads the ledger and keeps its share of the cells. Afterwards held_, asked_ and heads_before_
// are equal on all; without a ledger held_ is empty.
void Discovery::take_over_ledger() {
  saved_ = Clock::now();
  heads_before_.invalid_by_task.assign(outputs_.size(), 0);
  asked_.assign(static_cast<std::size_t>(inputs_->shape.columns()), options_.heads.empty());
  asked_[0] = true;
  for (const table::Head head : options_.heads)
    asked_[static_cast<std::size_t>(inputs_->shape.column(head.layer, head.head))] = true;
  ledger_ = share_text(ledger_.string(), options_.deadline_seconds);
  if (ledger_.empty()) return;
  taken_ = store::read_ledger(ledger_);
  check_environment(ledger_.string(), taken_.header.environment, header().environment);
  if (taken_.tasks.size() != outputs_.size())
    throw DataError(ledger_.string() + ": " + std::to_string(taken_.tasks.size()) + " tasks");
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    held_.push_back(sweep::take_over(ledger_.string(), taken_.tasks[t], static_cast<std::int32_t>(t), asked_,
                                     world_.rank(), world_.size(), outputs_[t].cells, heads_before_));
    taken_.tasks[t].cells = {};
  }
  const store::LedgerState& state = taken_.state;
  heads_before_ = add_figures(std::move(heads_before_), state.heads);
  record_.checkpoints = state.checkpoints;
  record_.checkpoint_seconds = state.checkpoint_seconds;
  record_.interruptions = state.interruptions + (state.finished ? 0 : 1);
  if (world_.rank() == 0) {
    log::info("going on from " + ledger_.string() + ": " + grouped(state.heads.cells) + " of " +
              grouped(cells_of_all(true)) + " cells are done");
  }
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

std::pair<int, std::string> Discovery::verdict(const StageSummary& summary, bool head_stage) const {
  for (std::size_t t = 0; head_stage && t < inputs_->tasks.size(); ++t) {
    const auto excluded =
        std::count_if(summary.exclusions.begin(), summary.exclusions.end(),
                      [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); });
    const auto limit = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(
               std::floor(options_.max_bad * static_cast<double>(inputs_->tasks[t].items.size()))));
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
    const std::int64_t cells = cells_of(t, head_stage);
    if (static_cast<double>(summary.invalid_by_task[t]) <= options_.max_bad * static_cast<double>(cells))
      continue;
    return {static_cast<int>(ExitCode::bad_instances),
            "task " + inputs_->tasks[t].task->name() + ": " + std::to_string(summary.invalid_by_task[t]) +
                " of " + std::to_string(cells) + (head_stage ? " cells" : " contributions") +
                " are not finite or too large, more than max_bad allows; try --dtype fp32"};
  }
  return {0, ""};
}

// Cells of a task in a stage.
std::int64_t Discovery::cells_of(std::size_t task, bool head_stage) const {
  const table::TaskCells& cells = outputs_[task].cells;
  if (head_stage) return inputs_->head_cells(inputs_->tasks[task]);
  const std::int64_t done =
      std::count_if(cells.instances.begin(), cells.instances.end(),
                    [](const table::Instance& i) { return i.state == table::InstanceState::done; });
  return done * (1 + static_cast<std::int64_t>(outputs_[task].sums.heads.size()));
}

std::int64_t Discovery::cells_of_all(bool head_stage) const {
  std::int64_t cells = 0;
  for (std::size_t t = 0; t < inputs_->tasks.size(); ++t) cells += cells_of(t, head_stage);
  return cells;
}

store::Progress Discovery::progress_of(const StageView& view, std::int64_t cells_all,
                                       const StageSummary& before) const {
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
  for (std::size_t r = 0; r < view.progress.running.size(); ++r) {
    const std::int64_t unit = view.progress.running[r];
    progress.ranks.push_back({unit >= 0 ? "busy" : "waiting", unit,
                              view.now > 0 ? std::min(1.0, view.progress.busy_seconds[r] / view.now) : 0});
  }
  return progress;
}

StageSummary Discovery::stage(const std::string& phase, std::vector<plan::Unit> units,
                              const std::function<Work(const plan::Unit&)>& work,
                              const StageSummary& before) {
  const bool head_stage = phase == "heads";
  const std::int64_t cells_all = cells_of_all(head_stage);
  std::unique_ptr<plan::Scheduler> scheduler;
  if (world_.rank() == 0) {
    scheduler = options_.grant_seed >= 0
                    ? plan::shuffled(world_.size(), static_cast<std::uint64_t>(options_.grant_seed))
                    : plan::longest_first(world_.size());
    scheduler->add(std::move(units));
  }
  StageHooks hooks;
  hooks.work = [&](const plan::Unit& unit) {
    const Work done = work(unit);
    plan::Outcome outcome;
    outcome.cells = done.cells;
    outcome.invalid_by_task = done.invalid_by_task;
    outcome.layer_positions = done.layer_positions;
    outcome.decode_layer_positions = done.decode_layer_positions;
    outcome.full_layer_positions = done.full_layer_positions;
    outcome.exclusions = done.exclusions;
    return outcome;
  };
  hooks.verdict = [&](const StageSummary& summary) { return verdict(summary, head_stage); };
  hooks.tick = [&](const StageView& view) {
    const store::Progress progress = progress_of(view, cells_all, before);
    if (view.last) {
      progress_->report_now(progress);
    } else {
      progress_->report(progress);
    }
  };
  hooks.stop_asked = [&] { return options_.stop_asked && options_.stop_asked(); };
  hooks.checkpoint = [&](const StageSummary& so_far) { checkpoint(so_far, head_stage, false); };
  hooks.next_checkpoint = options_.checkpoint_seconds;
  hooks.first_checkpoint = options_.checkpoint_seconds - seconds_since(saved_);
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, options_.deadline_seconds, before);
  if (summary.failure != 0) throw Error(static_cast<ExitCode>(summary.failure), summary.failure_line);
  record_.layer_positions += summary.layer_positions;
  record_.decode_layer_positions += summary.decode_layer_positions;
  record_.full_layer_positions += summary.full_layer_positions;
  record_.cells += summary.cells;
  for (std::size_t r = 0; r < summary.cells_by_rank.size(); ++r)
    record_.cells_by_rank[r] += summary.cells_by_rank[r];
  return summary;
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
      if (state == table::CellState::not_done)
        state = table::CellState::not_asked;  // a layer without asked heads has no block
    }
  }
}

// The task's table as the ledger takes it: this rank's blocks moved in, states of all ranks, exclusions.
table::TaskCells Discovery::cells_so_far(TaskOutput& output, std::int32_t task,
                                         const std::vector<plan::Exclusion>& exclusions, bool head_stage) {
  std::vector<table::CellBlock> own = std::move(output.cells.own);
  output.cells.own.clear();
  table::TaskCells cells = output.cells;
  cells.own = std::move(own);
  if (head_stage) {  // later the states are complete
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
void Discovery::checkpoint(const StageSummary& so_far, bool head_stage, bool finished) {
  store::Ledger ledger;
  ledger.header = header();
  ledger.state.heads = figures_of(head_stage ? so_far : heads_done_);
  if (!head_stage) ledger.state.neurons = figures_of(so_far);
  ledger.state.checkpoints = record_.checkpoints;
  ledger.state.checkpoint_seconds = record_.checkpoint_seconds;
  ledger.state.interruptions = record_.interruptions;
  ledger.state.finished = finished;
  for (std::size_t t = 0; t < outputs_.size(); ++t) {
    store::LedgerTask& task = ledger.tasks.emplace_back();
    const auto& exclusions = head_stage ? so_far.exclusions : heads_done_.exclusions;
    task.cells = cells_so_far(outputs_[t], static_cast<std::int32_t>(t), exclusions, head_stage);
    if (head_stage) continue;
    task.sums = outputs_[t].sums;
    reduce_sums(*task.sums, task.cells.task);
    task.in_sums = in_sums_[t];
    finish(world_.merge({std::span(task.in_sums)}), "the instances in the sums of task " + task.cells.task);
    if (t < so_far.invalid_by_task.size()) task.invalid_contributions = so_far.invalid_by_task[t];
  }
  const store::LedgerReport report = store::write_ledger(options_.out, world_, ledger);
  for (std::size_t t = 0; t < outputs_.size(); ++t)
    outputs_[t].cells.own = std::move(ledger.tasks[t].cells.own);
  saved_ = Clock::now();
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

void Discovery::log_stop() {
  if (world_.rank() == 0)
    log::info("stopped on request; " + (options_.out / store::kLedger).string() +
              " holds what was done, and the same command goes on from there");
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

store::FileHeader Discovery::header() const {
  store::FileHeader header;
  header.model_family = inputs_->model->config().model_type;
  header.shape = inputs_->shape;
  header.dtype = model::dtype_name(inputs_->dtype);
  header.model_digest = model_digest_;
  header.benchmark_digest = inputs_->benchmark.digest;
  header.settings_json = options_.settings_json;
  header.environment = environment(*inputs_, model_digest_);
  return header;
}

void Discovery::write() {
  begin_phase("write");
  const store::FileHeader header = this->header();
  store::DiscoveryWriter writer(options_.out / "discovery.h5", world_, header);
  for (const TaskOutput& output : outputs_)
    writer.write_task(output.cells, output.heads, output.sums, output.neurons);
  record_.slabs = writer.finish();
  record_.written_by_rank.assign(static_cast<std::size_t>(world_.size()), 0);
  record_.written_by_rank[static_cast<std::size_t>(world_.rank())] = record_.slabs.elements_by_me;
  finish(world_.sum({record_.written_by_rank}), "the count of written slabs");
  if (world_.rank() == 0) {
    write_file(options_.out / "settings.toml", options_.settings_toml);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      write_task_files(options_.out, outputs_[t], provenance(*inputs_, t, header.environment));
  }
  end_phase();
}

void Discovery::report() {
  const std::string node = world_.node();
  const auto nodes = world_.gather(std::as_bytes(std::span(node.data(), node.size())), 0,
                                   comm::after(std::chrono::duration<double>(options_.deadline_seconds)));
  if (world_.rank() != 0) return;
  for (const auto& name : nodes)
    record_.nodes.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
  record_.seconds = seconds_since(start_);
  store::Progress done;
  done.t = record_.seconds;
  done.phase = "done";
  done.cells_done = done.cells_all = record_.cells;
  progress_->report_now(done);
  store::write_run_json(options_.out, run_json(options_, record_, outputs_));
  progress_.reset();  // leaves the last line standing
  std::fputs(closing_words(options_, record_, outputs_).c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

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
