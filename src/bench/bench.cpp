#include <algorithm>
#include <chrono>
#include <ctime>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>
#include <hones/base/memory.hpp>
#include <hones/bench/bench.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/vlm.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/threads.hpp>
#include <hones/sweep/environment.hpp>
#include <hones/sweep/forecast.hpp>
#include <hones/sweep/inputs.hpp>

#include "bench_parts.hpp"

namespace hones::bench {

namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A query's first candidates, the positive among them.
void cut_candidates(task::Item& item, std::int64_t count) {
  const auto keep = static_cast<std::size_t>(count);
  if (item.candidate_ids.size() <= keep) return;
  if (item.attributed >= keep) {
    std::swap(item.candidate_ids[keep - 1], item.candidate_ids[item.attributed]);
    std::swap(item.texts[keep - 1], item.texts[item.attributed]);
    item.attributed = keep - 1;
  }
  item.candidate_ids.resize(keep);
  item.texts.resize(keep);
}

std::vector<table::Head> first_heads(const table::Shape& shape, std::int64_t count) {
  std::vector<table::Head> heads;
  if (count == 0 || count >= shape.heads) return heads;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    for (std::int32_t head = 0; head < count; ++head) heads.push_back({layer, head});
  }
  return heads;
}

// One form over one set of tasks, the whole head stage.
class Measurement {
 public:
  Measurement(const sweep::Options& options, const model::Vlm& model, std::int64_t candidates)
      : options_(options), inputs_(options_) {
    for (engine::TaskItems& task : inputs_.tasks) {
      instances_ += std::ssize(task.items);
      generates_ = generates_ || task.task->generates();
      for (task::Item& item : task.items) {
        if (candidates == 0 || std::ssize(item.candidate_ids) <= candidates) continue;
        scale_ = static_cast<double>(item.candidate_ids.size()) / static_cast<double>(candidates);
        cut_candidates(item, candidates);
      }
    }
    evaluator_ = engine::make_evaluator(options_.engine, model, *inputs_.packer, inputs_.tasks, inputs_.kinds,
                                        inputs_.benchmark, inputs_.tile_positions);
  }

  BenchRow run() {
    reset_peak_resident();
    const std::int64_t resident = resident_bytes();
    const double wall = wall_seconds(), cpu = cpu_seconds();
    table::Figures sum;
    for (std::size_t kind = 0; kind < inputs_.kinds.size(); ++kind) {
      plan::Unit unit;
      unit.load = static_cast<std::int32_t>(kind);
      unit.instance_end = std::ssize(inputs_.kinds[kind].bundles);
      unit.group_end = inputs_.shape.layers;
      unit.owns_plain = true;
      const engine::Work work = evaluator_->heads(unit);
      if (!work.exclusions.empty())
        throw DataError("bench: an instance was excluded: " + work.exclusions[0].reason);
      add(sum, work);
    }
    BenchRow row;
    row.seconds = wall_seconds() - wall;
    row.cpu_seconds = cpu_seconds() - cpu;
    row.form = options_.engine.form == choice::Form::plain ? "plain" : "engine";
    row.peak_added_bytes = static_cast<double>(peak_resident_bytes() - resident);
    row.instances = instances_;
    row.cells_measured = sum.cells;
    row.cells = instances_ * (1 + inputs_.shape.layers * inputs_.shape.heads);
    // A cell of fewer candidates counts for its share.
    const double scale = scale_ * static_cast<double>(row.cells) / static_cast<double>(sum.cells);
    row.seconds *= scale;
    row.cpu_seconds *= scale;
    row.useful_flops = sum.useful_flops * scale;
    row.forward_equivalents = sum.layer_positions / sum.full_layer_positions;
    row.decode_equivalents = sum.decode_layer_positions / sum.full_layer_positions;
    if (options_.engine.form != choice::Form::plain && generates_)
      row.changed_share = static_cast<double>(sum.decoded) / static_cast<double>(generated_);
    return row;
  }

 private:
  void add(table::Figures& sum, const engine::Work& work) {
    sum += work;
    for (const engine::Work::Block& block : work.blocks) {
      if (!inputs_.tasks[static_cast<std::size_t>(block.task)].task->generates() || block.cells.begin == 0)
        continue;
      generated_ +=
          std::count_if(block.cells.states.begin(), block.cells.states.end(),
                        [](table::CellState state) { return state != table::CellState::not_asked; });
    }
  }

  sweep::Options options_;
  sweep::Inputs inputs_;
  std::unique_ptr<engine::Evaluator> evaluator_;
  std::int64_t instances_ = 0, generated_ = 0;
  bool generates_ = false;
  double scale_ = 1;
};

// All forms, one after the other: what is measured is set in run_.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options), run_(options.run) {
    for (const std::string& task : run_.selection.tasks) sets_.push_back({task, {task}});
  }

  BenchReport run() {
    model::configure_threads(run_.engine.threads);
    report_.peak_flops = peak_flops(run_.engine.dtype);
    load();
    if (wants("engine")) engine();
    if (wants("plain")) plain();
    // A busy or throttled machine gives less at one of the two ends: the better one is the peak.
    report_.peak_flops = std::max(report_.peak_flops, peak_flops(options_.run.engine.dtype));
    return std::move(report_);
  }

 private:
  using Set = std::pair<std::string, std::vector<std::string>>;  // its name in the report, its tasks

  bool wants(const char* form) const {
    return std::find(options_.forms.begin(), options_.forms.end(), form) != options_.forms.end();
  }
  bool generates(const std::string& task) const {
    const task::Definition* definition = task::find_task(run_.selection.known_tasks, task);
    return definition != nullptr && definition->over == task::Over::records;
  }

  void load() {
    run_.engine.heads = {{0, 0}};
    sweep::Inputs inputs(run_);
    report_.environment = sweep::environment(inputs, checkpoint::model_digest(run_.selection.model));
    model_ = family::open_vlm(run_.selection.model, model::dtype_from(inputs.dtype, "", false),
                              std::make_shared<model::WholeModel>());
    Measurement(run_, *model_, options_.candidates).run();  // pages, kernels
    if (wants("parts")) report_.parts = bench_parts(inputs, *model_);
  }

  void measure(const std::string& name, std::int64_t candidates) {
    BenchRow row = Measurement(run_, *model_, candidates).run();
    if (row.form == "engine") {
      row.forecast_bytes =
          static_cast<double>(sweep::forecast(run_, 1, row.changed_share.value_or(0)).memory.head_stage());
    } else {
      row.peak_added_bytes.reset();
    }
    row.task = name;
    if (candidates > 0 && run_.selection.tasks == std::vector<std::string>{"retrieval"})
      row.candidates_measured = candidates;
    report_.rows.push_back(row);
    if (options_.progress) options_.progress(row);
  }

  // Every task alone, then all together; answers as they come, or so many of them forced to be decoded.
  void engine() {
    run_.engine.form = choice::Form::fast;
    run_.engine.heads.clear();
    std::vector<Set> sets = sets_;
    if (sets.size() > 1) sets.push_back({"all", options_.run.selection.tasks});
    for (const auto& [name, tasks] : sets) {
      run_.selection.tasks = tasks;
      const bool any =
          std::any_of(tasks.begin(), tasks.end(), [this](const std::string& t) { return generates(t); });
      if (options_.changed.empty() || !any) {
        run_.engine.forced_share.reset();
        measure(name, 0);
        continue;
      }
      for (const double share : options_.changed) {
        run_.engine.forced_share = share;
        measure(name, 0);
      }
    }
    run_.engine.forced_share.reset();
  }

  void plain() {
    run_.engine.form = choice::Form::plain;
    const checkpoint::DecoderConfig& text = model_->config().text;
    run_.engine.heads = first_heads({text.layers, text.heads, text.intermediate_size}, options_.heads);
    for (const auto& [name, tasks] : sets_) {
      run_.selection.tasks = tasks;
      measure(name, generates(tasks[0]) ? 0 : options_.candidates);
    }
  }

  const BenchOptions& options_;
  sweep::Options run_;
  std::vector<Set> sets_;  // each task alone
  std::unique_ptr<const model::Vlm> model_;
  BenchReport report_;
};

}  // namespace

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double peak_flops(choice::NumberFormat dtype) {
  constexpr std::int64_t kSide = 2048;
  constexpr int kTimes = 6;  // the first sets kernels up
  const c10::InferenceMode no_gradients;
  const at::Tensor a = at::ones({kSide, kSide}, model::dtype_from(dtype, "", false));
  const at::Tensor b = at::ones_like(a);
  double best = 0;
  for (int i = 0; i < kTimes; ++i) {
    const double start = cpu_seconds();
    const at::Tensor c = at::matmul(a, b);
    best = std::max(best, 2.0 * kSide * kSide * kSide / (cpu_seconds() - start));
  }
  return best;
}

BenchReport bench(const BenchOptions& options) {
  return Bench(options).run();
}

}  // namespace hones::bench
