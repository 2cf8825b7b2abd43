// Cuts the table into units and prices them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/plan/unit.hpp>

namespace hones::plan {

// What one bundle costs, in FLOPs. There is one price: the planner cuts by it, the forecast adds it up, and a
// unit's cost, by which the ETA counts, is the sum of its bundles' parts.
struct Price {
  double plain = 0;  // its plain run: once in every unit that holds some of its cells
  std::vector<double>
      groups;  // [G] of the cells of each group of columns: a layer's heads, or one intervention

  double of(std::int64_t group_begin, std::int64_t group_end) const;
};

// Bundles that are cut alike: those of a kind, or the instances of a task.
struct Load {
  std::string name;
  std::vector<Price> bundles;
};

struct Cutting {
  std::int64_t groups = 0;          // G: layers, or the interventions of an ablation
  int ranks = 1;                    // >= 1
  std::int64_t unit_instances = 1;  // bundles of a block, >= 1; the last one of a load may be shorter
  // Groups of a unit; 0: chosen so that there are at least four units per rank where the table is large
  // enough, and a unit takes about a minute at most, or is one group, where the speed is known; never more
  // than one unit per bundle and group.
  std::int64_t unit_groups = 0;
  // Sorted, without repeats; empty: all. Others are not cut; a range holds asked groups only, so it also ends
  // where the next group is not asked.
  std::vector<std::int64_t> asked;
  double flops_per_second = 0;  // a guess of one rank's; 0: unknown
};

// Units of the stage that fills the table. Ids count from 0 in (load, bundle, group) order; every bundle's
// plain column belongs to the unit with its lowest asked group.
std::vector<Unit> cell_units(const std::vector<Load>& loads, const Cutting& cutting);

// Units of the neuron stage: whole instances, each with one price. Blocks are of `unit_instances`, smaller
// where that would leave fewer than four units per rank; never below one instance.
std::vector<Unit> neuron_units(const std::vector<std::vector<double>>& prices, std::int64_t layers, int ranks,
                               std::int64_t unit_instances);

}  // namespace hones::plan
