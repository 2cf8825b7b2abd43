// The head budget beyond which little is gained (docs/benchmark.md 6.5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hones::stats {

// Budgets ascend strictly; drops are the relative drops at them. Both functions need as many of one as of the
// other; InternalError else.

// y - x, both scaled to 0..1 by their smallest and largest value; all 0 where the drops are all equal.
std::vector<double> difference_curve(std::span<const double> budgets, std::span<const double> drops);

struct Elbow {
  std::optional<double> kneedle;   // concave increasing, sensitivity 1, no smoothing, first knee
  std::optional<double> farthest;  // the budget with the largest difference, the first on ties
  // The budget to report: the knee, else the farthest; none where the curve is flat or falls.
  std::optional<double> budget() const { return kneedle ? kneedle : farthest; }
};
// Kneedle: Satopaa et al. 2011, as the package kneed computes it.
Elbow elbow(std::span<const double> budgets, std::span<const double> drops);

}  // namespace hones::stats
