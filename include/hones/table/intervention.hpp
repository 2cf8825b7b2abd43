// What a row of an ablation does to the model: plain data, no tensors.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <hones/table/neurons.hpp>

namespace hones::table {

struct Neuron {
  std::int32_t layer = 0;
  std::int32_t neuron = 0;
  auto operator<=>(const Neuron&) const = default;
};

// Heads replaced together by the run's operator, and neurons whose activation is set to 0, at every position
// (docs/method.md sections 2 and 6). Both sorted, without repeats. Empty: the plain run, computed the long
// way.
struct Intervention {
  std::vector<Head> heads;
  std::vector<Neuron> neurons;

  // The lowest layer touched: what lies below is the plain run's. The last layer of `layers` where nothing
  // is.
  std::int64_t first_layer(std::int64_t layers) const {
    std::int64_t first = layers - 1;
    if (!heads.empty()) first = std::min<std::int64_t>(first, heads.front().layer);
    if (!neurons.empty()) first = std::min<std::int64_t>(first, neurons.front().layer);
    return first;
  }
  bool operator==(const Intervention&) const = default;
};

// A row of an ablation: an intervention, and where it comes from.
struct AblationRow {
  std::string strategy;     // what chose it, or the name of the user's set; "heads": the best heads together
  std::int64_t budget = 0;  // neurons or heads
  std::int64_t seed = -1;   // of a drawn set; -1: nothing was drawn
  Intervention what;
};

}  // namespace hones::table
