// What is to be granted, cut by what every bundle costs (pricing.hpp). No tensors.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/plan/unit.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

// A group of columns: so many rows that begin at a layer.
struct RowsAt {
  std::int64_t layer = 0;
  std::int64_t rows = 1;
};

// What a job expects of answers that change, before it has seen one: a share of the cells.
inline constexpr double kExpectedChange = 0.1;

// Rank-local. flops_per_second: a guess of one rank's; 0: unknown.
std::vector<plan::Unit> head_units(const Inputs& inputs, int ranks, double flops_per_second);
// Of an ablation: instances by ranges of interventions, each a group of one row that begins at its layer; as
// many of every task (interventions[task]).
std::vector<plan::Unit> row_units(const Inputs& inputs, const std::vector<std::vector<RowsAt>>& interventions,
                                  int ranks, double flops_per_second);
// `stored`: heads of each task whose sums are kept.
std::vector<plan::Unit> neuron_units(const Inputs& inputs, int ranks,
                                     const std::vector<std::int64_t>& stored);

}  // namespace hones::sweep
