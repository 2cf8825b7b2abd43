// docs/benchmark.md 6.5.
#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/stats/elbow.hpp>

namespace hones::stats {

namespace {

constexpr double kFlat = 1e-12;  // a curve nowhere further above its chord has no elbow

// To 0..1; not all values are equal.
std::vector<double> scaled(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::vector<double> result;
  for (const double value : values) result.push_back((value - *low) / (*high - *low));
  return result;
}

// No neighbour is larger (smaller); past the ends stands the end itself.
bool is_maximum(std::span<const double> d, std::size_t i) {
  return (i == 0 || d[i] >= d[i - 1]) && (i + 1 == d.size() || d[i] >= d[i + 1]);
}
bool is_minimum(std::span<const double> d, std::size_t i) {
  return (i == 0 || d[i] <= d[i - 1]) && (i + 1 == d.size() || d[i] <= d[i + 1]);
}

// The first maximum below whose threshold the curve falls before a minimum ends its claim.
std::optional<std::size_t> first_knee(std::span<const double> d) {
  // Of x scaled to 0..1, whatever the budgets.
  const double mean_spacing = 1 / static_cast<double>(d.size() - 1);
  std::optional<std::size_t> candidate;
  double threshold = 0;
  for (std::size_t i = 0; i + 1 < d.size(); ++i) {
    if (is_maximum(d, i)) {
      candidate = i;
      threshold = d[i] - mean_spacing;
    }
    if (is_minimum(d, i)) candidate.reset();
    if (candidate && d[i + 1] < threshold) return candidate;
  }
  return std::nullopt;
}

}  // namespace

std::vector<double> difference_curve(std::span<const double> budgets, std::span<const double> drops) {
  HONES_ASSERT(budgets.size() == drops.size(),
               std::to_string(budgets.size()) + " budgets, " + std::to_string(drops.size()) + " drops");
  if (budgets.empty()) return {};
  HONES_ASSERT(std::adjacent_find(budgets.begin(), budgets.end(), std::greater_equal<>()) == budgets.end(),
               "budgets do not ascend");
  if (std::adjacent_find(drops.begin(), drops.end(), std::not_equal_to<>()) == drops.end())
    return std::vector<double>(drops.size(), 0);
  const std::vector<double> x = scaled(budgets);
  std::vector<double> y = scaled(drops);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] -= x[i];
  return y;
}

Elbow elbow(std::span<const double> budgets, std::span<const double> drops) {
  const std::vector<double> d = difference_curve(budgets, drops);
  const auto farthest = std::max_element(d.begin(), d.end());
  const bool falls = std::max_element(drops.begin(), drops.end()) == drops.begin();
  if (falls || *farthest <= kFlat) return {};
  Elbow result;
  result.farthest = budgets[static_cast<std::size_t>(farthest - d.begin())];
  if (const auto knee = first_knee(d)) result.kneedle = budgets[*knee];
  return result;
}

}  // namespace hones::stats
