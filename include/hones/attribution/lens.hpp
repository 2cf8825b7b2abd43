// The logit lens on an FFN's output, plain against masked (docs/benchmark.md 6.7). Pure functions in double.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hones::attribution {

enum class LensNorm { none, final };

struct LensModel {
  std::span<const double> unembedding;  // [V, D], row by row
  std::span<const double> norm_weight;  // [D], of the final RMS norm
  double norm_eps = 0;
};

// Logits [V] of the FFN's output [D] at one position, before it is added to the residual; `final`: through
// the model's last RMS norm first. InternalError unless the sizes fit.
std::vector<double> lens_logits(std::span<const double> ffn_output, const LensModel& model, LensNorm norm);

// Token ids of the `count` largest values of plain - masked, descending, ties by id: the tokens that what was
// masked supported. InternalError unless both have the same size.
std::vector<std::int64_t> most_supported(std::span<const double> plain, std::span<const double> masked,
                                         std::int64_t count = 5);

}  // namespace hones::attribution
