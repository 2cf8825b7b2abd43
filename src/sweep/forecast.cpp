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

#include "pricing.hpp"

namespace hones::sweep {

namespace {

class Forecaster {
 public:
  Forecaster(const Options& options, int ranks, double changed)
      : options_(options),
        inputs_(options),
        pricing_(inputs_, changed),
        changed_(changed),
        config_(inputs_.config.text),
        cost_(config_),
        element_(static_cast<std::int64_t>(c10::elementSize(model::dtype_from(inputs_.dtype, "", false)))),
        plain_(options.engine.form == choice::Form::plain) {
    result_.ranks = ranks;
  }

  Forecast run() {
    shape();
    head_stage();
    neuron_stage();
    weights();
    return result_;
  }

 private:
  void shape();
  void head_stage();
  void neuron_stage();
  void weights();
  void hold(const Packed& packed);
  std::int64_t asked() const { return inputs_.asked_heads(); }
  // So many positions through all layers cost as much.
  double positions(double flops) const {
    return flops / (cost_.position() * static_cast<double>(config_.layers));
  }

  const Options& options_;
  Inputs inputs_;
  Pricing pricing_;
  double changed_;
  const checkpoint::DecoderConfig& config_;
  checkpoint::DecoderFlops cost_;
  std::int64_t element_;
  bool plain_;
  Forecast result_;
};

void Forecaster::shape() {
  result_.layers = config_.layers;
  result_.heads = config_.heads;
  result_.d_ff = config_.intermediate_size;
  result_.tile_positions = inputs_.tile_positions;
  for (const engine::TaskItems& task : inputs_.tasks) {
    const task::Item& first = task.items.front();
    const auto instances = std::ssize(task.items);
    result_.tasks.push_back({task.task->name(), instances, inputs_.head_cells(task),
                             static_cast<double>(first.texts.size()),
                             static_cast<double>(inputs_.positions(task, first))});
    result_.cells += result_.tasks.back().cells;
    // State, utility and answer_logprob of every cell.
    result_.memory.table += instances * inputs_.shape.columns() * (1 + 8 + 4);
  }
  // Drawn heads may be among the best ones, and then cost nothing: this is the most.
  result_.stored_heads =
      std::min(std::min(options_.ranking.stored_heads, asked()) +
                   options_.ranking.rand_head_seeds *
                       std::min(options_.ranking.top_k, inputs_.shape.layers * inputs_.shape.heads),
               inputs_.shape.layers * inputs_.shape.heads);
}

// Every bundle at its own price: the planner's.
void Forecaster::head_stage() {
  const std::vector<RowsAt> groups = pricing_.heads();
  std::vector<plan::Load> loads;
  for (const engine::Kind& kind : inputs_.kinds) {
    plan::Load& load = loads.emplace_back(plan::Load{kind.name, {}});
    for (const engine::Bundle& bundle : kind.bundles) {
      const Packed packed = pricing_.packed(bundle);
      load.bundles.push_back(pricing_.unchanged(packed, groups));
      result_.head_flops += load.bundles.back().of(0, config_.layers);
      result_.changed_flops += pricing_.changed(packed, asked());
      hold(packed);
    }
  }
  result_.head_units = std::ssize(plan::cell_units(loads, cutting_of(inputs_, groups, result_.ranks, 0)));
  result_.head_positions = positions(result_.head_flops);
}

// Memory of the head stage, if this bundle needs more than those before it.
void Forecaster::hold(const Packed& packed) {
  Forecast::Memory need = result_.memory;
  need.state = need.workspace = need.tile = need.changed_rows = 0;
  for (const model::TreeShape& tree : packed.trees) {
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
  for (const Packed::Answer& answer : packed.answers) {
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

void Forecaster::neuron_stage() {
  const std::vector<plan::Unit> units = neuron_units(
      inputs_, result_.ranks, std::vector<std::int64_t>(inputs_.tasks.size(), result_.stored_heads));
  result_.neuron_units = std::ssize(units);
  for (const plan::Unit& unit : units) result_.neuron_flops += unit.cost;
  result_.neuron_positions = positions(result_.neuron_flops);
  // Two sums a stored head and one of the plain run, and the other ranks' while they are added.
  result_.memory.sums = std::ssize(inputs_.tasks) * 2 * (2 * result_.stored_heads + 1) * config_.layers *
                        config_.intermediate_size * static_cast<std::int64_t>(sizeof(std::int64_t));
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
