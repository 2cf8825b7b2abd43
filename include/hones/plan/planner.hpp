// Cuts the table into units and prices them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/plan/unit.hpp>

namespace hones::plan {

// What the planner must know of a task; lengths are exact or the planner's best guess (they price, nothing
// else).
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
  double layer_positions_per_second = 0;  // speed guess of one rank; 0: unknown
};

// Layer-positions of the cells of layers [begin, end) for one instance, its plain run included: prompts run
// from the replaced layer with `resume`, else all layers; a generated position runs all layers either way.
double price(const TaskLoad& task, const ModelLoad& model, std::int64_t layer_begin, std::int64_t layer_end,
             bool resume);

// Units of the head stage. Instances come in blocks of `unit_instances` (>= 1, the last one of a task may be
// shorter), layers in ranges of `unit_layers` (0: choose so that there are at least four units per rank where
// the table is large enough, and a unit takes about a minute at most, or is one layer, where the speed is
// known; never more than one unit per instance and layer). Only layers in `asked` (sorted, without repeats;
// empty: all) are cut; a range holds asked layers only, so it also ends where the next layer is not asked.
// Ids count from 0 in (task, instance, layer) order; every instance's plain column belongs to the unit with
// its lowest asked layer.
std::vector<Unit> head_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                             std::int64_t unit_instances, std::int64_t unit_layers,
                             const std::vector<std::int64_t>& asked = {}, bool resume = false);

// Units of the neuron stage: whole instances, `stored_heads` (one count per task) rows and the plain one.
// Blocks are of `unit_instances`, smaller where that would leave fewer than four units per rank; never below
// one instance.
std::vector<Unit> neuron_units(const std::vector<TaskLoad>& tasks, const ModelLoad& model, int ranks,
                               std::int64_t unit_instances, const std::vector<std::int64_t>& stored_heads);

}  // namespace hones::plan
