#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/family.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/tree_cost.hpp>
#include <hones/sweep/forecast.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

namespace {

constexpr std::int64_t kSampled = 32;  // bundles of a kind that stand for all of them

// One bundle's packed sequences as the engine will pack them, answers guessed.
struct Sample {
  std::vector<model::TreeShape> trees;  // one; without options.engine.tree one a prompt
  struct Answer {
    std::int64_t prompt = 0, ids = 0, limit = 0;
  };
  std::vector<Answer> answers;  // of the generating tasks
  std::int64_t read = 0;        // positions that logits are computed of
  double prefill_flops = 0;     // of its prompts and answers, each by itself
};

class Forecaster {
 public:
  Forecaster(const Options& options, int ranks, double changed)
      : options_(options),
        inputs_(options),
        changed_(changed),
        config_(inputs_.config.text),
        cost_(config_),
        element_(static_cast<std::int64_t>(c10::elementSize(model::dtype_from(inputs_.dtype, "", false)))),
        plain_(options.engine.form == "plain") {
    result_.ranks = ranks;
  }

  Forecast run() {
    shape();
    units();
    asked_.assign(static_cast<std::size_t>(config_.layers), 0);
    if (options_.engine.heads.empty()) std::fill(asked_.begin(), asked_.end(), config_.heads);
    for (const table::Head head : options_.engine.heads) ++asked_[static_cast<std::size_t>(head.layer)];
    for (const engine::Kind& kind : inputs_.kinds) head_stage(kind);
    for (const engine::TaskItems& task : inputs_.tasks) neuron_stage(task);
    weights();
    return result_;
  }

 private:
  void shape();
  void units();
  void head_stage(const engine::Kind& kind);
  void neuron_stage(const engine::TaskItems& task);
  void weights();
  Sample sample(const engine::Bundle& bundle) const;
  std::int64_t answer_length(const task::Item& item, std::int64_t limit) const;
  void count(const Sample& sample, double times);
  void hold(const Sample& sample);
  std::int64_t asked() const { return inputs_.asked_heads(); }

  const Options& options_;
  Inputs inputs_;
  double changed_;
  const checkpoint::DecoderConfig& config_;
  checkpoint::DecoderFlops cost_;
  std::int64_t element_;
  bool plain_;
  std::vector<std::int64_t> asked_;  // heads of each layer
  Forecast result_;
};

void Forecaster::shape() {
  result_.layers = config_.layers;
  result_.heads = config_.heads;
  result_.d_ff = config_.intermediate_size;
  result_.tile_positions = inputs_.tile_positions;
  const std::vector<plan::TaskLoad> loads = inputs_.task_loads();
  for (std::size_t t = 0; t < loads.size(); ++t) {
    result_.tasks.push_back({loads[t].name, loads[t].instances, inputs_.head_cells(inputs_.tasks[t]),
                             loads[t].prompts_per_cell, loads[t].positions_per_prompt});
    result_.cells += result_.tasks.back().cells;
    // State, utility and answer_logprob of every cell.
    result_.memory.table += loads[t].instances * inputs_.shape.columns() * (1 + 8 + 4);
  }
}

void Forecaster::units() {
  const auto positions = [&](const std::vector<plan::Unit>& units) {
    double cost = 0;
    for (const plan::Unit& unit : units) cost += unit.cost;
    return cost / static_cast<double>(config_.layers);
  };
  const std::vector<plan::Unit> heads = inputs_.head_units(result_.ranks, 0);
  result_.head_units = std::ssize(heads);
  result_.head_positions = positions(heads);
  // Drawn heads may be among the best ones, and then cost nothing: this is the most.
  result_.stored_heads =
      std::min(std::min(options_.ranking.stored_heads, asked()) +
                   options_.ranking.rand_head_seeds *
                       std::min(options_.ranking.top_k, inputs_.shape.layers * inputs_.shape.heads),
               inputs_.shape.layers * inputs_.shape.heads);
  const std::vector<plan::Unit> neurons = inputs_.neuron_units(
      result_.ranks, std::vector<std::int64_t>(inputs_.tasks.size(), result_.stored_heads));
  result_.neuron_units = std::ssize(neurons);
  result_.neuron_positions = positions(neurons);
}

// A fixed-set answer is its target, an open one about its first reference, each with the id that ends it.
std::int64_t Forecaster::answer_length(const task::Item& item, std::int64_t limit) const {
  const std::string& text =
      !item.target.empty() || item.references.empty() ? item.target : item.references[0];
  return std::clamp<std::int64_t>(inputs_.tokens(text) + 1, 1, limit);
}

Sample Forecaster::sample(const engine::Bundle& bundle) const {
  Sample sample;
  std::vector<text::Prompt> prompts;
  std::vector<std::vector<std::int64_t>> drafts;
  for (const engine::Member& member : bundle) {
    const engine::TaskItems& task = inputs_.tasks[static_cast<std::size_t>(member.task)];
    const task::Item& item = task.items[static_cast<std::size_t>(member.index)];
    std::int64_t answer = 0;
    const std::int64_t limit = task.task->answer_limit(options_.engine.max_new_tokens);
    if (task.task->generates()) answer = answer_length(item, limit);
    for (std::size_t which = 0; which < item.texts.size(); ++which) {
      prompts.push_back(inputs_.prompt(item, which));
      // What the ids are does not matter behind the prompt.
      drafts.emplace_back(options_.engine.verify ? static_cast<std::size_t>(answer) : 0);
      const std::int64_t length = prompts.back().length();
      if (task.task->generates()) sample.answers.push_back({length, answer, limit});
      sample.prefill_flops += cost_.generation(length, std::max<std::int64_t>(answer, 1));
    }
    sample.read += std::max<std::int64_t>(answer, std::ssize(item.texts));
  }
  if (options_.engine.tree) {
    sample.trees.push_back(model::shape_of(model::make_tree(model::pointers(prompts), drafts)));
  } else {
    for (std::size_t p = 0; p < prompts.size(); ++p)
      sample.trees.push_back(model::shape_of(model::make_tree({&prompts[p]}, {drafts[p]})));
  }
  return sample;
}

void Forecaster::count(const Sample& sample, double times) {
  if (plain_) {
    result_.head_flops += times * static_cast<double>(1 + asked()) * sample.prefill_flops;
    return;
  }
  const double logits = static_cast<double>(sample.read) * cost_.head;
  double flops = static_cast<double>(1 + asked()) * logits;
  for (const model::TreeShape& tree : sample.trees) {
    flops += row_flops(config_, tree, 0, false).all();  // the plain run
    for (std::size_t l = 0; l < asked_.size(); ++l) {
      const std::int64_t layer = options_.engine.resume ? static_cast<std::int64_t>(l) : 0;
      flops += static_cast<double>(asked_[l]) * row_flops(config_, tree, layer, options_.engine.resume).all();
    }
  }
  result_.head_flops += times * flops;
  for (const Sample::Answer& answer : sample.answers) {
    const double one = cost_.through(answer.prompt, answer.prompt + answer.ids - 1) +
                       static_cast<double>(answer.ids - 1) * cost_.head;
    result_.changed_flops += times * changed_ * static_cast<double>(asked()) * one;
  }
}

// Memory of the head stage, if this bundle needs more than those before it.
void Forecaster::hold(const Sample& sample) {
  Forecast::Memory need = result_.memory;
  need.state = need.workspace = need.tile = need.changed_rows = 0;
  for (const model::TreeShape& tree : sample.trees) {
    const std::int64_t rows = engine::tile_rows(inputs_.tile_positions, tree.positions, config_.heads);
    // A plain engine keeps no state, and a row's keys and values of all layers go along with it.
    if (!plain_) need.state += state_bytes(config_, tree, element_);
    need.workspace = std::max(need.workspace, workspace_bytes(config_, tree, rows, element_));
    need.tile = std::max(need.tile, tile_bytes(config_, tree, rows, element_));
  }
  // A row that waits keeps keys and values of prompt and draft above its layer, half of them on average;
  // decoding needs those of all layers, for all rows of an answer at once. Rows that would take more than
  // kHeldRowBytes are decoded in between.
  const auto bytes = [&](std::int64_t positions) {
    return static_cast<double>(2 * config_.kv_heads * config_.head_dim * element_ * config_.layers *
                               positions);
  };
  const double rows = std::ceil(changed_ * static_cast<double>(asked()));
  double waiting = 0, decoded = 0, held = 0;
  for (const Sample::Answer& answer : sample.answers) {
    const double kept = rows * bytes(answer.prompt) / 2, whole = rows * bytes(answer.prompt + answer.limit);
    waiting += kept;
    decoded = std::max(decoded, whole);
    held += kept + whole;
  }
  const double share = std::min(1.0, static_cast<double>(engine::kHeldRowBytes) / std::max(held, 1.0));
  // A tile's temporaries have gone when rows are decoded.
  need.changed_rows = static_cast<std::int64_t>(
      share * waiting + std::max(0.0, share * decoded - static_cast<double>(need.tile)));
  if (need.head_stage() > result_.memory.head_stage()) result_.memory = need;
}

void Forecaster::head_stage(const engine::Kind& kind) {
  const auto bundles = std::ssize(kind.bundles);
  const std::int64_t samples = std::min<std::int64_t>(bundles, kSampled);
  for (std::int64_t i = 0; i < samples; ++i) {
    const Sample one = sample(kind.bundles[static_cast<std::size_t>(i * bundles / samples)]);
    count(one, static_cast<double>(bundles) / static_cast<double>(samples));
    hold(one);
  }
}

// Stored heads are taken to lie evenly in the layers.
void Forecaster::neuron_stage(const engine::TaskItems& task) {
  const auto items = std::ssize(task.items);
  const std::int64_t samples = std::min<std::int64_t>(items, kSampled);
  for (std::int64_t i = 0; i < samples; ++i) {
    const task::Item& item = task.items[static_cast<std::size_t>(i * items / samples)];
    const text::Prompt prompt = inputs_.prompt(item, item.attributed);
    const model::TreeShape tree = model::shape_of(model::make_tree({&prompt}, {{}}));
    const double whole = row_flops(config_, tree, 0, false).all();
    double rows = 0;
    for (std::int64_t l = 0; l < config_.layers; ++l)
      rows += plain_ || !options_.engine.resume ? whole : row_flops(config_, tree, l, true).all();
    rows *= static_cast<double>(result_.stored_heads) / static_cast<double>(config_.layers);
    result_.neuron_flops += (whole + rows) * static_cast<double>(items) / static_cast<double>(samples);
  }
  // Two sums a stored head and one of the plain run, and the other ranks' while they are added.
  result_.memory.sums += 2 * (2 * result_.stored_heads + 1) * config_.layers * config_.intermediate_size *
                         static_cast<std::int64_t>(sizeof(std::int64_t));
}

void Forecaster::weights() {
  result_.memory.weights_shared = true;
  for (const auto& [name, view] :
       family::family_of(options_.selection.model).tensors(options_.selection.model)) {
    std::int64_t values = 1;
    for (const std::int64_t side : view.shape) values *= side;
    result_.memory.weights += values * element_;
    result_.memory.weights_shared =
        result_.memory.weights_shared &&
        model::scalar_type(view.dtype) == model::dtype_from(inputs_.dtype, "", false);
  }
}

}  // namespace

Forecast forecast(const Options& options, int ranks, double changed) {
  return Forecaster(options, ranks, changed).run();
}

std::string told(const Forecast& plan, const Options& options) {
  std::string text = "model " + options.selection.model.string() + ": " + std::to_string(plan.layers) +
                     " layers x " + std::to_string(plan.heads) + " heads, d_ff " + std::to_string(plan.d_ff) +
                     ", tile_positions " + std::to_string(plan.tile_positions) + "\n";
  for (const Forecast::Task& task : plan.tasks) {
    text += "  " + task.name + ": " + grouped(task.instances) + " instances x " +
            grouped(task.cells / task.instances - 1) + " heads, " +
            grouped(std::llround(task.prompts_per_cell)) + " prompt(s) of about " +
            grouped(std::llround(task.positions_per_prompt)) + " positions a cell\n";
  }
  text += "head stage: at least " + grouped(plan.head_units) + " units for " + std::to_string(plan.ranks) +
          " rank(s), " + grouped(plan.cells) + " cells, " + grouped(std::llround(plan.head_positions)) +
          " positions\n";
  text += "neuron stage: " + grouped(plan.neuron_units) + " units, " + grouped(plan.stored_heads) +
          " stored heads a task, " + grouped(std::llround(plan.neuron_positions)) +
          " positions\nunits are cut further, down to one layer, where one would take over a minute; nothing "
          "was computed or written\n";
  return text;
}

}  // namespace hones::sweep
