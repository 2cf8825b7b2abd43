// Cuts the table into units and prices them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/plan/unit.hpp>

namespace hones::plan {

// What the planner must know of a task; lengths are exact or the planner's best guess (they price, nothing else).
struct TaskLoad {
  std::string name;
  std::int64_t instances = 0;
  double positions_per_prompt = 0;  // average prompt length
  double prompts_per_cell = 1;      // candidates of a query
  double decode_positions = 0;      // expected generated positions per cell
};

struct ModelLoad {
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  double layer_positions_per_second = 0;  // speed guess; 0: unknown
};

// Layer-positions of the cells of layers [begin, end) for one instance, its plain run included.
double price(const TaskLoad& task, const ModelLoad& model, std::int64_t layer_begin, std::int64_t layer_end, bool resume);

// Units of the head stage. Instances come in blocks of `unit_instances` (>= 1), layers in ranges of `unit_layers` (0: choose
// so that there are at least four units per rank where the table is large enough, never more than one unit per instance and layer).
// Only layers in `asked` (sorted, empty: all) are cut. Ids count from 0 in (task, instance, layer) order; every instance's
// plain column belongs to the unit with its lowest asked layer.
std::vector<Unit> head_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                             std::int64_t unit_instances, std::int64_t unit_layers,
                             const std::vector<std::int64_t>& asked = {});

// Units of the neuron stage: whole instances, `stored_heads` rows and the plain one.
std::vector<Unit> neuron_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                               std::int64_t unit_instances, const std::vector<std::int64_t>& stored_heads);

}  // namespace hones::plan
