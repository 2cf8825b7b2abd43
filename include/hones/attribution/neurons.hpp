// Neuron importance from the stored sums (docs/method.md section 5), and the adding itself. No tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/table/neurons.hpp>
#include <hones/table/rankings.hpp>

namespace hones::attribution {

struct NeuronOptions {
  std::int64_t top_k = 0;         // critical heads, the first of sums.heads
  choice::HeadWeights weights{};  // w_h = max(I(h), 0), or 1 each
  choice::NeuronMode mode{};      // decides `top`
  double share = 0;               // of all L*F neurons, round half up
};

// Both modes: importance = sum_h w_h S_h / sum_h w_h. `importance` are the heads' I, [L, H]. When no weight
// is positive the ranking is that of the mean plain contribution (`fell_back` becomes true).
table::NeuronTables neuron_tables(const table::NeuronSums& sums, const table::Shape& shape,
                                  std::span<const double> importance, const NeuronOptions& options,
                                  bool& fell_back);

// RandHead's heads of one seed: the first k of all L*H in the order that SplitMix64(key(run_seed,
// "rand_head", seed)) shuffles them into.
std::vector<table::Head> drawn_heads(std::uint64_t run_seed, std::int64_t seed, std::int64_t k,
                                     const table::Shape& shape);

// Adds one instance's contributions of head s to the sums: c and c_h are float [L*F]. Layers below the head's
// own must be the plain values themselves, so that their addends are exactly 0. Returns false, adding
// nothing, when a value or difference is not finite or out of range.
bool add_head(table::NeuronSums& sums, std::int64_t s, std::span<const float> c, std::span<const float> c_h);

// Adds the plain contributions. Returns false, adding nothing, when one is not representable.
bool add_plain(table::NeuronSums& sums, std::span<const float> c);

}  // namespace hones::attribution
