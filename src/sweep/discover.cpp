#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <optional>

#include <ATen/Version.h>
#include <nlohmann/json.hpp>
#include <torch/headeronly/version.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/base/version.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/plan/planner.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/store/progress.hpp>
#include <hones/store/results.hpp>
#include <hones/sweep/discover.hpp>
#include <hones/sweep/evaluator.hpp>
#include <hones/sweep/outputs.hpp>
#include <hones/sweep/stage.hpp>

namespace hones::sweep {

namespace {

using comm::Clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

template <typename T>
std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// The whole job of one rank. Order: load, head stage, reductions, head rankings, neuron stage, reductions,
// files. What is on every rank after each step is said there.
class Discovery {
 public:
  Discovery(const DiscoverOptions& options, comm::Communicator& world)
      : options_(options), world_(world), start_(Clock::now()), begun_(utc_now()) {}

  void run() {
    // Nothing is touched before everything that can be wrong has been looked at.
    if (world_.rank() == 0) check_folder();
    load();
    if (world_.rank() == 0) prepare_folder();
    heads();
    neurons();
    write();
    report();
  }

  std::string plan_text(int ranks);

 private:
  // Data that every rank reads alike; a rank that cannot throws, and the job ends with its line.
  void load_data();
  void load();
  std::vector<std::filesystem::path> results_there() const;
  void check_folder() const;
  void prepare_folder();
  void heads();
  void neurons();
  void write();
  void report();

  void reduce_cells(TaskOutput& output);
  metric::DocumentFrequency document_frequency(std::size_t task);
  StageSummary stage(const std::string& phase, std::vector<plan::Unit> units,
                     const std::function<Work(const plan::Unit&)>& work);
  std::pair<int, std::string> verdict(const StageSummary& summary, std::int64_t cells_all,
                                      bool head_stage) const;
  std::vector<plan::TaskLoad> loads() const;
  plan::ModelLoad model_load() const {
    return {model_->config().text.layers, model_->config().text.heads, 0};
  }
  std::vector<std::int64_t> asked_layers() const;
  std::int64_t cells_in(const std::vector<plan::Unit>& units) const;
  nlohmann::ordered_json provenance(std::size_t task) const;
  std::map<std::string, std::string> environment() const;
  std::int64_t asked_heads(std::int64_t layer_begin, std::int64_t layer_end) const;
  void begin_phase(const std::string& phase);
  void end_phase();
  void finish(std::unique_ptr<comm::Pending> pending, const std::string& what) {
    comm::finish(std::move(pending), comm::after(std::chrono::duration<double>(options_.deadline_seconds)),
                 what);
  }

  const DiscoverOptions& options_;
  comm::Communicator& world_;
  Clock::time_point start_;
  std::string begun_;
  Clock::time_point phase_start_;
  std::string phase_;
  nlohmann::ordered_json phases_ = nlohmann::ordered_json::object();

  benchmark::Benchmark benchmark_;
  std::vector<TaskItems> tasks_;
  std::unique_ptr<model::Llava> model_;
  std::string model_digest_;
  std::int64_t tile_positions_ = 0;
  table::Shape shape_;
  std::unique_ptr<Evaluator> evaluator_;
  std::vector<TaskOutput> outputs_;
  std::vector<plan::Exclusion> exclusions_;
  std::unique_ptr<store::ProgressLog> progress_;  // rank 0
  double layer_positions_ = 0, full_layer_positions_ = 0;
  std::int64_t cells_ = 0;
  std::vector<std::int64_t> cells_by_rank_;
  std::vector<std::int64_t> slabs_by_rank_;
  store::SlabReport slabs_;
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
  phases_[phase_] = static_cast<double>(*std::max_element(all.begin(), all.end())) / 1000;
}

// Files of an earlier run in --out.
std::vector<std::filesystem::path> Discovery::results_there() const {
  std::vector<std::string> names{"discovery.h5", "run.json", "progress.jsonl", "settings.toml"};
  for (const std::string& task : task::task_names()) {
    for (const std::string& name :
         {"heads." + task + ".csv", "neurons." + task + ".csv", "rankings." + task + ".json"})
      names.push_back(name);
  }
  std::vector<std::filesystem::path> found;
  for (const std::string& name : names) {
    if (std::filesystem::exists(options_.out / name)) found.push_back(options_.out / name);
  }
  return found;
}

void Discovery::check_folder() const {
  if (std::filesystem::exists(options_.out) && !std::filesystem::is_directory(options_.out)) {
    throw UsageError("--out " + options_.out.string() + " is a file; name a folder");
  }
  const auto found = results_there();
  if (!found.empty() && !options_.restart) {
    throw UsageError("--out " + options_.out.string() + " holds results already (" +
                     found.front().filename().string() +
                     "); name another folder, or pass --restart to begin anew there");
  }
}

void Discovery::prepare_folder() {
  for (const auto& file : results_there()) std::filesystem::remove(file);
  std::error_code error;
  std::filesystem::create_directories(options_.out, error);
  if (error) throw UsageError("--out " + options_.out.string() + " cannot be made: " + error.message());
  progress_ = std::make_unique<store::ProgressLog>(options_.out / "progress.jsonl", stderr,
                                                   ::isatty(STDERR_FILENO) != 0);
  store::Progress loaded;
  loaded.t = seconds_since(start_);
  loaded.phase = "load";
  progress_->report(loaded);
}

void Discovery::load_data() {
  benchmark_ = benchmark::load(options_.benchmark, "discovery");
  for (const std::string& name : options_.tasks) {
    TaskItems task;
    task.task = task::make_task(name, options_.prompts);
    task.items = task.task->items(benchmark_, task.task->generates() ? options_.instances : options_.queries);
    if (task.items.empty()) {
      throw DataError(options_.benchmark.string() + ": no instance of the task '" + name +
                      "'; leave it out with --tasks, or prepare a benchmark that has some");
    }
    tasks_.push_back(std::move(task));
  }
  if (!std::filesystem::is_directory(benchmark_.images)) {
    throw DataError(options_.benchmark.string() + ": its pictures lie in " + benchmark_.images.string() +
                    ", which is not a folder");
  }
  const checkpoint::LlavaConfig config = checkpoint::read_llava_config(options_.model);
  const at::ScalarType dtype = model::dtype_from(options_.dtype, config.dtype, false);
  model_ = std::make_unique<model::Llava>(options_.model, dtype);
  const auto& decoder = model_->config().text;
  shape_ = {decoder.layers, decoder.heads, decoder.intermediate_size};
  tile_positions_ = options_.tile_positions > 0
                        ? options_.tile_positions
                        : default_tile_positions(decoder, static_cast<std::int64_t>(c10::elementSize(dtype)));
  evaluator_ = std::make_unique<Evaluator>(options_, *model_, tasks_, benchmark_.images, tile_positions_);
}

void Discovery::load() {
  begin_phase("load");
  model::configure_threads(options_.threads);
  load_data();
  model_digest_ = checkpoint::model_digest(options_.model);
  for (const TaskItems& task : tasks_) {
    TaskOutput output;
    output.cells.task = task.task->name();
    output.cells.metric = task.task->metric();
    output.cells.shape = shape_;
    output.cells.candidates =
        task.task->generates() ? 0 : static_cast<std::int64_t>(task.items.front().texts.size());
    output.cells.answer_limit = task.task->generates() ? options_.max_new_tokens : 0;
    output.cells.bleu = task.task->open_ended();
    for (const task::Item& item : task.items)
      output.cells.instances.push_back({item.image_id, item.item_id, table::InstanceState::not_done, ""});
    table::resize(output.cells);
    outputs_.push_back(std::move(output));
  }
  end_phase();
}

std::vector<plan::TaskLoad> Discovery::loads() const {
  std::vector<plan::TaskLoad> loads;
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    const task::Item& first = tasks_[t].items.front();
    plan::TaskLoad load;
    load.name = tasks_[t].task->name();
    load.instances = static_cast<std::int64_t>(tasks_[t].items.size());
    load.positions_per_prompt = static_cast<double>(evaluator_->prompt_positions(t, first));
    load.prompts_per_cell = static_cast<double>(first.texts.size());
    load.decode_positions = 0;
    loads.push_back(load);
  }
  return loads;
}

std::vector<std::int64_t> Discovery::asked_layers() const {
  std::vector<std::int64_t> layers;
  for (const table::Head head : options_.heads) layers.push_back(head.layer);
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

std::int64_t Discovery::asked_heads(std::int64_t layer_begin, std::int64_t layer_end) const {
  if (options_.heads.empty()) return (layer_end - layer_begin) * shape_.heads;
  return std::count_if(options_.heads.begin(), options_.heads.end(),
                       [&](table::Head h) { return h.layer >= layer_begin && h.layer < layer_end; });
}

std::int64_t Discovery::cells_in(const std::vector<plan::Unit>& units) const {
  std::int64_t cells = 0;
  for (const plan::Unit& unit : units) {
    cells += (unit.instance_end - unit.instance_begin) *
             (asked_heads(unit.layer_begin, unit.layer_end) + (unit.owns_plain ? 1 : 0));
  }
  return cells;
}

std::pair<int, std::string> Discovery::verdict(const StageSummary& summary, std::int64_t cells_all,
                                               bool head_stage) const {
  for (std::size_t t = 0; head_stage && t < tasks_.size(); ++t) {
    const auto excluded =
        std::count_if(summary.exclusions.begin(), summary.exclusions.end(),
                      [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); });
    const auto limit = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(
               std::floor(options_.max_bad * static_cast<double>(tasks_[t].items.size()))));
    if (excluded > limit) {
      const auto last =
          std::find_if(summary.exclusions.rbegin(), summary.exclusions.rend(),
                       [&](const plan::Exclusion& e) { return e.task == static_cast<std::int32_t>(t); });
      return {static_cast<int>(ExitCode::bad_instances),
              "task " + tasks_[t].task->name() + ": " + std::to_string(excluded) + " of " +
                  std::to_string(tasks_[t].items.size()) +
                  " instances are unusable, more than max_bad allows (" + std::to_string(limit) +
                  "); the last: " + last->reason};
    }
  }
  if (static_cast<double>(summary.invalid_cells) > options_.max_bad * static_cast<double>(cells_all)) {
    return {static_cast<int>(ExitCode::bad_instances),
            std::to_string(summary.invalid_cells) + " of " + std::to_string(cells_all) +
                " cells are not finite, more than max_bad allows; try --dtype fp32"};
  }
  return {0, ""};
}

StageSummary Discovery::stage(const std::string& phase, std::vector<plan::Unit> units,
                              const std::function<Work(const plan::Unit&)>& work) {
  const bool head_stage = phase == "heads";
  std::int64_t cells_all = 0;
  if (head_stage) {
    cells_all = cells_in(units);
  } else {
    for (const plan::Unit& unit : units) {
      const TaskOutput& output = outputs_[static_cast<std::size_t>(unit.task)];
      cells_all += (unit.instance_end - unit.instance_begin) *
                   (1 + static_cast<std::int64_t>(output.sums.heads.size()));
    }
  }
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
    outcome.invalid_cells = done.invalid_cells;
    outcome.layer_positions = done.layer_positions;
    outcome.full_layer_positions = done.full_layer_positions;
    outcome.exclusions = done.exclusions;
    return outcome;
  };
  hooks.verdict = [&](const StageSummary& summary) { return verdict(summary, cells_all, head_stage); };
  hooks.tick = [&](const StageView& view) {
    store::Progress progress;
    progress.t = seconds_since(start_);
    progress.phase = phase;
    progress.cells_done = view.so_far.cells;
    progress.cells_all = cells_all;
    progress.units_done = view.progress.units_done;
    progress.positions_per_s =
        view.now > 0 ? view.so_far.layer_positions / static_cast<double>(shape_.layers) / view.now : 0;
    progress.eta_s = view.progress.eta_seconds(view.now);
    progress.excluded =
        static_cast<std::int64_t>(std::max(view.so_far.exclusions.size(), exclusions_.size()));
    for (std::size_t r = 0; r < view.progress.running.size(); ++r) {
      const std::int64_t unit = view.progress.running[r];
      progress.ranks.push_back({unit >= 0 ? "busy" : "waiting", unit,
                                view.now > 0 ? std::min(1.0, view.progress.busy_seconds[r] / view.now) : 0});
    }
    progress_->report(progress);
  };
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, options_.deadline_seconds);
  if (summary.failure != 0) throw Error(static_cast<ExitCode>(summary.failure), summary.failure_line);
  layer_positions_ += summary.layer_positions;
  full_layer_positions_ += summary.full_layer_positions;
  cells_ += summary.cells;
  if (cells_by_rank_.empty()) cells_by_rank_.assign(static_cast<std::size_t>(world_.size()), 0);
  for (std::size_t r = 0; r < cells_by_rank_.size(); ++r) cells_by_rank_[r] += summary.cells_by_rank[r];
  return summary;
}

// Afterwards states, utilities, log-probabilities and BLEU counts are complete on every rank.
void Discovery::reduce_cells(TaskOutput& output) {
  table::TaskCells& cells = output.cells;
  if (cells.bleu) output.bleu.assign(cells.states.size() * table::kBleuCounts, 0);
  for (const table::CellBlock& block : cells.own) {
    const std::size_t at = cells.at(block.instance, block.begin);
    std::copy(block.states.begin(), block.states.end(),
              cells.states.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy(block.utility.begin(), block.utility.end(),
              cells.utility.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy(block.answer_logprob.begin(), block.answer_logprob.end(),
              cells.answer_logprob.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy(block.bleu.begin(), block.bleu.end(),
              output.bleu.begin() + static_cast<std::ptrdiff_t>(at * table::kBleuCounts));
  }
  const std::string what = "the reduction of task " + cells.task;
  finish(world_.merge({bytes_of(cells.states)}), what);
  finish(world_.merge({std::span(cells.utility)}), what);
  finish(world_.merge({std::span(cells.answer_logprob)}), what);
  if (cells.bleu) finish(world_.merge({bytes_of(output.bleu)}), what);
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    table::Instance& instance = cells.instances[static_cast<std::size_t>(i)];
    if (instance.state == table::InstanceState::excluded) continue;
    instance.state = table::InstanceState::done;
    for (std::int64_t c = 0; c < shape_.columns(); ++c) {
      table::CellState& state = cells.states[cells.at(i, c)];
      if (state == table::CellState::not_done)
        state = table::CellState::not_asked;  // a layer without asked heads has no block
    }
  }
}

void Discovery::heads() {
  begin_phase("heads");
  std::vector<plan::Unit> units = plan::head_units(
      loads(), model_load(), world_.size(), options_.unit_instances, options_.unit_layers, asked_layers());
  const StageSummary summary = stage("heads", std::move(units), [&](const plan::Unit& unit) {
    Work work = evaluator_->heads(unit);
    auto& own = outputs_[static_cast<std::size_t>(unit.task)].cells.own;
    std::move(work.blocks.begin(), work.blocks.end(), std::back_inserter(own));
    return work;
  });
  exclusions_ = summary.exclusions;
  for (const plan::Exclusion& exclusion : exclusions_) {
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
                      (exclusions_.empty() ? "none recorded" : exclusions_.front().reason));
    }
  }
  end_phase();
}

// Counted over the whole discovery file, each rank its share, also when the run is limited to some instances.
metric::DocumentFrequency Discovery::document_frequency(std::size_t task) {
  metric::DocumentFrequency mine(static_cast<std::size_t>(model_->config().text.vocab_size));
  if (!tasks_[task].task->open_ended()) return mine;
  const std::vector<task::Item> all = tasks_[task].task->items(benchmark_, -1);
  for (std::size_t i = static_cast<std::size_t>(world_.rank()); i < all.size();
       i += static_cast<std::size_t>(world_.size())) {
    mine.add(attribution::reference_ids(model_->tokenizer(), all[i].references));
  }
  std::vector<std::int64_t> counts(mine.counts().begin(), mine.counts().end());
  counts.push_back(mine.instances());
  finish(world_.sum({counts}), "the document frequencies of task " + tasks_[task].task->name());
  const std::int64_t instances = counts.back();
  counts.pop_back();
  return metric::DocumentFrequency(std::move(counts), instances);
}

void Discovery::neurons() {
  begin_phase("neurons");
  std::vector<std::vector<attribution::Target>> targets;
  std::vector<std::int64_t> stored;
  for (std::size_t t = 0; t < tasks_.size(); ++t) {
    TaskOutput& output = outputs_[t];
    std::vector<table::Head> best = attribution::ranked_heads(output.heads, shape_);
    best.resize(std::min<std::size_t>(best.size(), static_cast<std::size_t>(options_.stored_heads)));
    stored.push_back(static_cast<std::int64_t>(best.size()));
    output.sums = table::make_sums(shape_, std::move(best), output.cells.size());
    targets.push_back(evaluator_->targets(t, document_frequency(t)));
  }
  stage("neurons", plan::neuron_units(loads(), model_load(), world_.size(), options_.unit_instances, stored),
        [&](const plan::Unit& unit) {
          const auto t = static_cast<std::size_t>(unit.task);
          return evaluator_->neurons(unit, outputs_[t].cells, targets[t], outputs_[t].sums);
        });
  const attribution::NeuronOptions neuron_options{options_.top_k, options_.weights, options_.neuron_mode,
                                                  options_.neuron_share};
  for (TaskOutput& output : outputs_) {
    table::NeuronSums& sums = output.sums;
    const std::string what = "the neuron sums of task " + output.cells.task;
    std::vector<std::int64_t> small = sums.valid;
    small.push_back(sums.plain_instances);
    finish(world_.sum({small}), what);
    sums.plain_instances = small.back();
    small.pop_back();
    sums.valid = small;
    finish(world_.sum({sums.plain_sum}), what);
    finish(world_.sum({sums.head_drop_sum}), what);
    finish(world_.sum({sums.head_signed_sum}), what);
    output.neurons =
        attribution::neuron_tables(sums, shape_, output.heads.importance, neuron_options, output.fell_back);
    if (output.fell_back && world_.rank() == 0) {
      log::warning(
          "task " + output.cells.task +
          ": no head has a positive importance; neurons are ranked by their mean plain contribution");
    }
  }
  end_phase();
}

std::map<std::string, std::string> Discovery::environment() const {
  std::string task_set;
  for (const std::string& task : options_.tasks) task_set += (task_set.empty() ? "" : ",") + task;
  return {{"git_commit", std::string(git_commit())},
          {"libtorch", TORCH_VERSION},
          {"cpu_capability", at::get_cpu_capability()},
          {"dtype", model::dtype_name(model_->decoder().dtype())},
          {"threads_per_rank", std::to_string(options_.threads)},
          {"tensor_parallel", "1"},
          {"task_set", task_set},
          {"tile_positions", std::to_string(tile_positions_)},
          {"operator", options_.op},
          {"engine", options_.engine},
          {"model_digest", model_digest_},
          {"benchmark_digest", benchmark_.digest}};
}

nlohmann::ordered_json Discovery::provenance(std::size_t task) const {
  const task::Item& first = tasks_[task].items.front();
  nlohmann::ordered_json json;
  json["schema_version"] = store::kSchemaVersion;
  json["program"] = {
      {"name", "hones_mpi"}, {"version", std::string(version())}, {"git_commit", std::string(git_commit())}};
  json["model"] = {{"name", options_.model.filename().string()},
                   {"snapshot", options_.snapshot.empty() ? nlohmann::ordered_json(nullptr)
                                                          : nlohmann::ordered_json(options_.snapshot)},
                   {"digest", model_digest_}};
  json["benchmark"] = {{"split", "discovery"}, {"digest", benchmark_.digest}};
  json["prompts"] = options_.prompts;
  json["prompt_of_first_instance"] = evaluator_->prompt(first, first.attributed).rendered;
  json["dtype"] = model::dtype_name(model_->decoder().dtype());
  json["operator"] = options_.op;
  json["max_new_tokens"] = options_.max_new_tokens;
  json["seed"] = options_.seed;
  json["ranking"] = {{"top_k", options_.top_k},
                     {"weights", options_.weights},
                     {"neuron_mode", options_.neuron_mode},
                     {"neuron_share", options_.neuron_share}};
  json["environment"] = environment();
  json["make_again"] = "hones_mpi discover --config settings.toml --out NEW_FOLDER";
  return json;
}

void Discovery::write() {
  begin_phase("write");
  store::FileHeader header;
  header.model_family = model_->config().model_type;
  header.shape = shape_;
  header.dtype = model::dtype_name(model_->decoder().dtype());
  header.model_digest = model_digest_;
  header.benchmark_digest = benchmark_.digest;
  header.settings_json = options_.settings_json;
  header.environment = environment();
  store::DiscoveryWriter writer(options_.out / "discovery.h5", world_, header);
  for (const TaskOutput& output : outputs_)
    writer.write_task(output.cells, output.heads, output.sums, output.neurons);
  slabs_ = writer.finish();
  slabs_by_rank_.assign(static_cast<std::size_t>(world_.size()), 0);
  slabs_by_rank_[static_cast<std::size_t>(world_.rank())] = slabs_.elements_by_me;
  finish(world_.sum({slabs_by_rank_}), "the count of written slabs");
  if (world_.rank() == 0) {
    write_file(options_.out / "settings.toml", options_.settings_toml);
    for (std::size_t t = 0; t < outputs_.size(); ++t)
      write_task_files(options_.out, outputs_[t], provenance(t));
  }
  end_phase();
}

void Discovery::report() {
  const std::string node = world_.node();
  const auto nodes = world_.gather(std::as_bytes(std::span(node.data(), node.size())), 0,
                                   comm::after(std::chrono::duration<double>(options_.deadline_seconds)));
  if (world_.rank() != 0) return;
  const double seconds = seconds_since(start_);
  nlohmann::json run;
  run["schema_version"] = store::kSchemaVersion;
  run["command_line"] = options_.command_line;
  const std::string& all =
      options_.all_settings_json.empty() ? options_.settings_json : options_.all_settings_json;
  run["settings"] = nlohmann::json::parse(all.empty() ? "{}" : all);
  run["version"] = std::string(version());
  run["git_commit"] = std::string(git_commit());
  run["start"] = begun_;
  run["end"] = utc_now();
  run["seconds"] = seconds;
  run["ranks"] = world_.size();
  run["hosts"] = nlohmann::json::array();
  for (const auto& name : nodes)
    run["hosts"].push_back(std::string(reinterpret_cast<const char*>(name.data()), name.size()));
  run["devices"] = std::vector<std::string>(static_cast<std::size_t>(world_.size()), "cpu");
  run["phases"] = phases_;
  run["forward_equivalents"] = layer_positions_ / full_layer_positions_;
  run["positions"] = layer_positions_ / static_cast<double>(shape_.layers);
  run["cells"] = cells_;
  run["cells_by_rank"] = cells_by_rank_;
  run["cells_written_by_rank"] = slabs_by_rank_;
  run["collective_writes"] = {{"datasets", slabs_.datasets}, {"collective", slabs_.collective}};
  run["excluded"] = nlohmann::json::array();
  for (const plan::Exclusion& e : exclusions_) {
    const table::Instance& instance =
        outputs_[static_cast<std::size_t>(e.task)].cells.instances[static_cast<std::size_t>(e.instance)];
    run["excluded"].push_back({{"task", options_.tasks[static_cast<std::size_t>(e.task)]},
                               {"image_id", instance.image_id},
                               {"item_id", instance.item_id},
                               {"reason", e.reason}});
  }
  run["checkpoints"] = {{"count", 0}, {"seconds", 0.0}};
  run["interruptions"] = 0;
  store::write_run_json(options_.out, run);
  progress_.reset();  // leaves the last line standing

  std::string text = "\n";
  for (const TaskOutput& output : outputs_) text += describe_task(output) + "\n";
  char line[256];
  std::snprintf(
      line, sizeof line,
      "%s cells in %s on %d rank%s (heads %s, neurons %s), %.3f forward-equivalents per cell, %s "
      "positions/s\n",
      grouped(cells_).c_str(), duration(seconds).c_str(), world_.size(), world_.size() == 1 ? "" : "s",
      duration(phases_["heads"].get<double>()).c_str(), duration(phases_["neurons"].get<double>()).c_str(),
      layer_positions_ / full_layer_positions_,
      grouped(std::llround(layer_positions_ / static_cast<double>(shape_.layers) /
                           std::max(1e-9, phases_["heads"].get<double>() + phases_["neurons"].get<double>())))
          .c_str());
  text += line;
  if (!exclusions_.empty())
    text += std::to_string(exclusions_.size()) + " instances excluded, listed in run.json\n";
  text += "results: " + options_.out.string() +
          "/{discovery.h5, heads.*.csv, neurons.*.csv, rankings.*.json, settings.toml, run.json}\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string Discovery::plan_text(int ranks) {
  load_data();
  const std::vector<plan::TaskLoad> all = loads();
  const std::vector<plan::Unit> units = plan::head_units(all, model_load(), ranks, options_.unit_instances,
                                                         options_.unit_layers, asked_layers());
  double cost = 0;
  for (const plan::Unit& unit : units) cost += unit.cost;
  std::string text = "model " + options_.model.string() + ": " + std::to_string(shape_.layers) +
                     " layers x " + std::to_string(shape_.heads) + " heads, d_ff " +
                     std::to_string(shape_.d_ff) + ", tile_positions " + std::to_string(tile_positions_) +
                     "\n";
  for (const plan::TaskLoad& load : all) {
    text += "  " + load.name + ": " + grouped(load.instances) + " instances x " +
            grouped(asked_heads(0, shape_.layers)) + " heads, " +
            grouped(std::llround(load.prompts_per_cell)) + " prompt(s) of about " +
            grouped(std::llround(load.positions_per_prompt)) + " positions a cell\n";
  }
  text += "head stage: " + grouped(static_cast<std::int64_t>(units.size())) + " units for " +
          std::to_string(ranks) + " rank(s), " + grouped(cells_in(units)) + " cells, " +
          grouped(std::llround(cost / static_cast<double>(shape_.layers))) + " positions\n";
  const std::int64_t stored = std::min(options_.stored_heads, asked_heads(0, shape_.layers));
  const auto neuron_units = plan::neuron_units(all, model_load(), ranks, options_.unit_instances,
                                               std::vector<std::int64_t>(all.size(), stored));
  double neuron_cost = 0;
  for (const plan::Unit& unit : neuron_units) neuron_cost += unit.cost;
  text += "neuron stage: " + grouped(static_cast<std::int64_t>(neuron_units.size())) + " units, " +
          grouped(stored) + " stored heads a task, " +
          grouped(std::llround(neuron_cost / static_cast<double>(shape_.layers))) +
          " positions\nnothing was computed or written\n";
  return text;
}

}  // namespace

void discover(const DiscoverOptions& options, comm::Communicator& world) {
  Discovery(options, world).run();
}

std::string dry_run(const DiscoverOptions& options, int ranks) {
  const auto alone = comm::local();
  return Discovery(options, *alone).plan_text(ranks);
}

}  // namespace hones::sweep
