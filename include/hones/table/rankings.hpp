// What is derived from a task's cells and sums: complete and equal on every rank.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/table/neurons.hpp>

namespace hones::table {

struct HeadTables {
  std::vector<double> importance;              // [L, H]; NaN where no cell is valid
  std::vector<double> ci_low, ci_high;         // [L, H], 95 % bootstrap interval
  std::vector<std::uint32_t> answers_changed;  // [L, H]
  std::vector<std::uint32_t> valid;            // [L, H]
  std::vector<Head> top;                       // [K], best first
  double split_half_overlap = 0;
  double plain_metric = 0;
  double plain_together = 0;  // of the plain answers taken together, where the metric keeps counts
};

struct NeuronTables {
  std::vector<double> plain;         // [L, F], mean contribution of the plain run
  std::vector<double> per_instance;  // [L, F]
  std::vector<double> after_mean;    // [L, F]
  std::vector<std::int32_t> top;     // [k, 2] layer, neuron; best first under `mode`
  choice::NeuronMode mode{};
};

// RandHead (docs/method.md section 7): heads drawn uniformly, weight 1 each.
struct DrawnHeads {
  std::int64_t seed = 0;
  NeuronSums sums;  // of the drawn heads
  NeuronTables neurons;
};

}  // namespace hones::table
