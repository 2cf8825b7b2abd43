#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sched.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/family/family.hpp>
#include <hones/model/torch_errors.hpp>
#include <hones/store/results.hpp>

#include "folder.hpp"

namespace hones::sweep {

using comm::Clock;
using comm::seconds_since;

ExitCode with_advice(const Options& options, const std::function<ExitCode()>& job) {
  const std::string advice = "use fewer ranks on this node, a smaller engine.tile_positions (" +
                             std::to_string(options.engine.tile_positions) +
                             " now; 0: by the model's shape) or bf16";
  ExitCode code = ExitCode::ok;
  model::with_torch_errors(advice, [&] { code = job(); });
  return code;
}

Run::Run(const Options& options, comm::Communicator& world)
    : options_(options), world_(world), start_(comm::Clock::now()) {
  record_.begun = utc_now();
  record_.cells_by_rank.assign(static_cast<std::size_t>(world.size()), 0);
}

void Run::begin() {
  if (world_.rank() == 0) ledger_ = check_folder(options_);
  read();
  take_over_ledger();
  gather_nodes();
  if (world_.rank() == 0) open_folder();
  open_log();
  if (world_.rank() == 0) tell_places();
}

// Who is where, and what slows a job down without a word: a launcher that binds a rank to fewer processors
// than it has threads.
void Run::tell_places() const {
  if (world_.size() > 1) {
    std::string line;
    for (std::size_t r = 0; r < record_.nodes.size();) {
      std::size_t last = r;
      while (last + 1 < record_.nodes.size() && record_.nodes[last + 1] == record_.nodes[r]) ++last;
      line += (line.empty() ? "" : ", ") + std::string(last > r ? "ranks " : "rank ") + std::to_string(r) +
              (last > r ? "-" + std::to_string(last) : "") + " on " + record_.nodes[r];
      r = last + 1;
    }
    log::info(line + "; " + std::to_string(options_.engine.threads) + " thread" +
              (options_.engine.threads == 1 ? "" : "s") + " a rank, device cpu");
  }
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  if (CPU_COUNT(&allowed) < options_.engine.threads) {
    log::warning("rank 0 may run on " + std::to_string(CPU_COUNT(&allowed)) + " processors and is to use " +
                 std::to_string(options_.engine.threads) +
                 " threads: mpirun --map-by slot:PE=THREADS, srun --cpus-per-task, or a smaller --threads");
  }
}

void Run::begin_phase(const std::string& phase) {
  phase_ = phase;
  phase_start_ = Clock::now();
  if (progress_) {
    store::Progress progress;
    progress.t = seconds_since(start_);
    progress.phase = phase;
    progress_->report(progress);
  }
}

// The slowest rank's seconds.
void Run::end_phase() {
  const std::int64_t mine = static_cast<std::int64_t>(seconds_since(phase_start_) * 1000);
  std::vector<std::int64_t> all(static_cast<std::size_t>(world_.size()), 0);
  all[static_cast<std::size_t>(world_.rank())] = mine;
  finish(world_.sum({all}), "the end of phase " + phase_);
  record_.phases[phase_] = static_cast<double>(*std::max_element(all.begin(), all.end())) / 1000;
}

// Every rank reads the same; a rank that cannot throws, and the job ends with its line.
void Run::read_weights() {
  if (world_.rank() == 0) {
    const std::string warning =
        family::family_of(options_.selection.model).chat_warning(options_.selection.model);
    if (!warning.empty()) log::warning(warning);
  }
  inputs_->load_weights();
  for (const engine::TaskItems& task : inputs_->tasks)
    outputs_.emplace_back().cells = inputs_->empty_cells(task);
  asked_.assign(static_cast<std::size_t>(inputs_->shape.columns()), options_.engine.heads.empty());
  asked_[0] = true;
  for (const table::Head head : options_.engine.heads)
    asked_[static_cast<std::size_t>(inputs_->shape.column(head.layer, head.head))] = true;
  // Of all weights: one rank reads them once more, which may take longer than a reduction; the others are
  // told.
  constexpr double kReading = 3600;  // s
  if (world_.rank() == 0 && model_digest_.empty())
    model_digest_ = checkpoint::model_digest(options_.selection.model);
  model_digest_ = share_text(model_digest_, std::max(kReading, options_.job.deadline_seconds));
}

std::string Run::share_text(const std::string& of_rank_zero, double seconds) {
  const auto view = std::as_bytes(std::span(of_rank_zero.data(), of_rank_zero.size()));
  std::vector<std::byte> bytes(view.begin(), view.end());
  world_.broadcast(bytes, 0, comm::after(std::chrono::duration<double>(seconds)));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Run::open_folder() {
  prepare_folder(options_, ledger_);
  progress_ = std::make_unique<store::ProgressLog>(options_.job.out / "progress.jsonl", stderr,
                                                   ::isatty(STDERR_FILENO) != 0);
  store::Progress loaded;
  loaded.t = seconds_since(start_);
  loaded.phase = "load";
  progress_->report(loaded);
}

std::map<std::string, std::string> Run::environment() const {
  return sweep::environment(*inputs_, model_digest_);
}

store::FileHeader Run::header() const {
  store::FileHeader header;
  header.model_family = inputs_->model->config().model_type;
  header.shape = inputs_->shape;
  header.dtype = model::dtype_name(inputs_->dtype);
  header.model_digest = model_digest_;
  header.benchmark_digest = inputs_->benchmark.digest;
  header.settings_json = options_.job.settings_json;
  header.environment = environment();
  header.environments = environments_;
  return header;
}

bool Run::fill_cells(const std::string& phase, std::vector<plan::Unit> units,
                     const std::function<engine::Work(const plan::Unit&)>& work) {
  begin_phase(phase);
  if (world_.rank() == 0) units = left_of(units, inputs_->kinds, inputs_->shape, asked_, held_);
  cells_done_ = stage(
      std::move(units),
      [&](const plan::Unit& unit) {
        engine::Work done = work(unit);
        drop_held(done, held_, inputs_->shape);
        for (engine::Work::Block& block : done.blocks) {
          if (!environments_.empty())
            block.cells.environment.assign(block.cells.states.size(), environment_index_);
          outputs_[static_cast<std::size_t>(block.task)].cells.own.push_back(std::move(block.cells));
        }
        return done;
      },
      cells_before_, true);
  if (cells_done_.stopped) return false;
  record_.exclusions = cells_done_.exclusions;
  for (const plan::Exclusion& exclusion : record_.exclusions) {
    table::Instance& instance = outputs_[static_cast<std::size_t>(exclusion.task)]
                                    .cells.instances[static_cast<std::size_t>(exclusion.instance)];
    instance.state = table::InstanceState::excluded;
    instance.reason = exclusion.reason;
  }
  for (results::TaskOutput& output : outputs_) {
    reduce_cells(output);
    if (std::none_of(output.cells.instances.begin(), output.cells.instances.end(),
                     [](const table::Instance& i) { return i.state == table::InstanceState::done; })) {
      throw Error(ExitCode::bad_instances,
                  "task " + output.cells.task + ": no instance could be computed; the first reason: " +
                      (record_.exclusions.empty() ? "none recorded" : record_.exclusions.front().reason));
    }
  }
  return true;
}

// Afterwards states, utilities, log-probabilities and counts are complete on every rank.
void Run::reduce_cells(results::TaskOutput& output) {
  table::TaskCells& cells = output.cells;
  table::place_blocks(cells);
  output.counts = table::counts_of(cells, 0);
  const std::string what = "the reduction of task " + cells.task;
  finish(world_.merge({bytes_of(cells.states)}), what);
  finish(world_.merge({std::span(cells.utility)}), what);
  finish(world_.merge({std::span(cells.answer_logprob)}), what);
  if (cells.counts > 0) finish(world_.merge({bytes_of(output.counts)}), what);
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

void Run::gather_nodes() {
  const std::string node = world_.node();
  const auto nodes = world_.gather(std::as_bytes(std::span(node.data(), node.size())), 0,
                                   comm::after(std::chrono::duration<double>(options_.job.deadline_seconds)));
  std::string lines;
  for (const auto& name : nodes)
    lines += std::string(reinterpret_cast<const char*>(name.data()), name.size()) + "\n";
  std::istringstream all(share_text(lines, options_.job.deadline_seconds));
  for (std::string name; std::getline(all, name);) record_.nodes.push_back(name);
}

std::string Run::name_of(int rank) const {
  return "rank " + std::to_string(rank) + " on " + record_.nodes.at(static_cast<std::size_t>(rank));
}

void Run::open_log() {
  char name[32];
  std::snprintf(name, sizeof name, "rank-%05d.log", world_.rank());
  std::error_code ignored;  // a folder that cannot be made shows as a file that cannot be opened
  std::filesystem::create_directories(options_.job.out / "logs", ignored);
  log::also_to(options_.job.out / "logs" / name, world_.node() + " rank " + std::to_string(world_.rank()));
  log::debug("ready: " + std::to_string(world_.size()) + " ranks, phase load took " +
             std::to_string(static_cast<int>(seconds_since(start_))) + " s");
}

void Run::close_record() {
  record_.seconds = seconds_since(start_);
  store::Progress done;
  done.t = record_.seconds;
  done.phase = "done";
  done.cells_done = done.cells_all = record_.all.cells;
  progress_->report_now(done);
  store::write_run_json(options_.job.out, run_json(options_, record_, outputs_));
  progress_.reset();  // leaves the last line standing
}

}  // namespace hones::sweep
