#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/plan/planner.hpp>

namespace hones::plan {

namespace {

// Enough units that the longest-first order evens out what the prices got wrong, few enough that grants cost
// nothing.
constexpr std::int64_t kUnitsPerRank = 4;
constexpr double kUnitSeconds = 60;

using Range = std::pair<std::int64_t, std::int64_t>;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

void require_valid(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                   std::int64_t unit_instances) {
  HONES_ASSERT(model.layers >= 1 && model.heads >= 1,
               "layers=" + std::to_string(model.layers) + " heads=" + std::to_string(model.heads));
  HONES_ASSERT(ranks >= 1, "ranks=" + std::to_string(ranks));
  HONES_ASSERT(unit_instances >= 1, "unit_instances=" + std::to_string(unit_instances));
  for (const TaskLoad& task : tasks) HONES_ASSERT(task.instances >= 0, task.name);
}

std::int64_t count_blocks(const std::vector<TaskLoad>& tasks, std::int64_t block) {
  return std::accumulate(
      tasks.begin(), tasks.end(), std::int64_t{0},
      [&](std::int64_t sum, const TaskLoad& task) { return sum + ceil_div(task.instances, block); });
}

std::vector<std::int64_t> asked_layers(std::int64_t layers, const std::vector<std::int64_t>& asked) {
  if (asked.empty()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(layers));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    HONES_ASSERT(asked[i] >= 0 && asked[i] < layers && (i == 0 || asked[i - 1] < asked[i]),
                 "asked layer " + std::to_string(asked[i]) + " of " + std::to_string(layers));
  }
  return asked;
}

// Runs of neighbouring asked layers, each cut into ranges of at most `width`.
std::vector<Range> layer_ranges(const std::vector<std::int64_t>& asked, std::int64_t width) {
  std::vector<Range> ranges;
  for (const std::int64_t layer : asked) {
    if (!ranges.empty() && ranges.back().second == layer && layer - ranges.back().first < width) {
      ++ranges.back().second;
    } else {
      ranges.emplace_back(layer, layer + 1);
    }
  }
  return ranges;
}

double prompt_positions(const TaskLoad& task) {
  return task.positions_per_prompt * task.prompts_per_cell;
}

}  // namespace

double price(const TaskLoad& task, const ModelLoad& model, std::int64_t layer_begin, std::int64_t layer_end,
             bool resume) {
  const auto layers = static_cast<double>(model.layers);
  const double plain = layers * (prompt_positions(task) + task.decode_positions);
  double cells = 0;
  for (std::int64_t layer = layer_begin; layer < layer_end; ++layer) {
    const double prompt_layers = resume ? static_cast<double>(model.layers - layer) : layers;
    cells += static_cast<double>(model.heads) *
             (prompt_layers * prompt_positions(task) + layers * task.decode_positions);
  }
  return plain + cells;
}

std::vector<Unit> head_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                             std::int64_t unit_instances, std::int64_t unit_layers,
                             const std::vector<std::int64_t>& asked, bool resume) {
  require_valid(tasks, model, ranks, unit_instances);
  HONES_ASSERT(unit_layers >= 0, "unit_layers=" + std::to_string(unit_layers));
  const std::vector<std::int64_t> layers = asked_layers(model.layers, asked);
  const auto asked_count = static_cast<std::int64_t>(layers.size());
  std::int64_t width = unit_layers;
  if (width == 0) {
    const std::int64_t blocks = std::max<std::int64_t>(1, count_blocks(tasks, unit_instances));
    const std::int64_t wanted =
        std::clamp<std::int64_t>(ceil_div(kUnitsPerRank * ranks, blocks), 1, asked_count);
    width = asked_count / wanted;  // rounded down: at least `wanted` ranges
  }
  // Where the speed is known, a unit of a task takes about a minute at most, or is one layer.
  const auto width_of = [&](const TaskLoad& task) {
    std::int64_t own = width;
    if (unit_layers > 0 || model.layer_positions_per_second <= 0) return own;
    const double per_second = model.layer_positions_per_second / static_cast<double>(unit_instances);
    while (own > 1 && price(task, model, 0, own, resume) / per_second > kUnitSeconds) --own;
    return own;
  };

  std::vector<Unit> units;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const std::vector<Range> ranges = layer_ranges(layers, width_of(tasks[t]));
    for (std::int64_t begin = 0; begin < tasks[t].instances; begin += unit_instances) {
      const std::int64_t end = std::min(begin + unit_instances, tasks[t].instances);
      for (const auto& [layer_begin, layer_end] : ranges) {
        Unit unit;
        unit.id = static_cast<std::int64_t>(units.size());
        unit.stage = Stage::heads;
        unit.load = static_cast<std::int32_t>(t);
        unit.instance_begin = begin;
        unit.instance_end = end;
        unit.layer_begin = layer_begin;
        unit.layer_end = layer_end;
        unit.owns_plain = layer_begin == layers.front();
        unit.cost = static_cast<double>(end - begin) * price(tasks[t], model, layer_begin, layer_end, resume);
        units.push_back(unit);
      }
    }
  }
  return units;
}

std::vector<Unit> neuron_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                               std::int64_t unit_instances, const std::vector<std::int64_t>& stored_heads) {
  require_valid(tasks, model, ranks, unit_instances);
  HONES_ASSERT(stored_heads.size() == tasks.size(),
               std::to_string(stored_heads.size()) + " counts of stored heads");
  std::int64_t block = unit_instances;
  while (block > 1 && count_blocks(tasks, block) < kUnitsPerRank * ranks) --block;

  std::vector<Unit> units;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const double rows = static_cast<double>(stored_heads[t]) + 1;
    for (std::int64_t begin = 0; begin < tasks[t].instances; begin += block) {
      Unit unit;
      unit.id = static_cast<std::int64_t>(units.size());
      unit.stage = Stage::neurons;
      unit.load = static_cast<std::int32_t>(t);
      unit.instance_begin = begin;
      unit.instance_end = std::min(begin + block, tasks[t].instances);
      unit.layer_end = model.layers;
      // One prompt an instance (retrieval: the positive candidate), nothing generated.
      unit.cost = static_cast<double>(unit.instance_end - begin) * rows * static_cast<double>(model.layers) *
                  tasks[t].positions_per_prompt;
      units.push_back(unit);
    }
  }
  return units;
}

}  // namespace hones::plan
