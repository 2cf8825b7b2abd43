// The score that ranks retrieval candidates (docs/benchmark.md 3.7).
#pragma once

#include <cstdint>
#include <span>

namespace hones::metric {

// log P(ids) over the whole vocabulary, in double, from float32 logits; several ids: the sum of their
// probabilities, an id named twice counts once. Throws std::invalid_argument for no ids or an id outside the
// vocabulary.
double log_probability(std::span<const float> logits, std::span<const std::int64_t> ids);

}  // namespace hones::metric
