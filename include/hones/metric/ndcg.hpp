// NDCG@k of a ranked list (docs/benchmark.md 3.6).
#pragma once

#include <span>

namespace hones::metric {

enum class TieRule { tie_average, index_order, pessimistic, optimistic };
inline constexpr int kCutOff = 5;  // of NDCG@5
// 0 without a positive. Throws std::invalid_argument for NaN scores or unequal lengths.
double ndcg(std::span<const double> scores, std::span<const int> relevance, int k = kCutOff,
            TieRule ties = TieRule::tie_average);

// Whether two candidates have the same score: reports count such queries.
bool has_ties(std::span<const double> scores);

}  // namespace hones::metric
