#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

namespace hones::stats {

std::vector<std::int64_t> ranking(std::span<const double> values) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  // NaN as the least value; a stable sort keeps ties in index order.
  const auto rank_value = [&](std::int64_t i) {
    const double value = values[static_cast<std::size_t>(i)];
    return std::pair(!std::isnan(value), std::isnan(value) ? 0.0 : value);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return rank_value(a) > rank_value(b); });
  return order;
}

namespace {

constexpr int kHalvings = 10;

// Instances in the order of their key: the first floor(n/2) are one half, the rest the other.
std::vector<std::int64_t> halving(std::int64_t instances, std::uint64_t seed, int round) {
  const std::string purpose = "half|" + std::to_string(round);
  std::vector<std::pair<std::uint64_t, std::int64_t>> keyed;
  for (std::int64_t i = 0; i < instances; ++i) keyed.emplace_back(key(seed, purpose, std::to_string(i)), i);
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::int64_t> order;
  for (const auto& entry : keyed) order.push_back(entry.second);
  return order;
}

using Drop = std::function<double(std::int64_t, std::int64_t)>;

std::set<std::int64_t> top(std::span<const std::int64_t> half, std::int64_t items, std::int64_t k,
                           const Drop& drop) {
  std::vector<double> means(static_cast<std::size_t>(items));
  for (std::int64_t item = 0; item < items; ++item) {
    double sum = 0;
    std::int64_t valid = 0;
    for (const std::int64_t instance : half) {
      const double value = drop(instance, item);
      if (std::isnan(value)) continue;
      sum += value;
      ++valid;
    }
    means[static_cast<std::size_t>(item)] =
        valid > 0 ? sum / static_cast<double>(valid) : std::numeric_limits<double>::quiet_NaN();
  }
  const std::vector<std::int64_t> order = ranking(means);
  return {order.begin(), order.begin() + k};
}

}  // namespace

double split_half_overlap(std::int64_t instances, std::int64_t items, std::int64_t k, std::uint64_t seed,
                          const Drop& drop) {
  k = std::min(k, items);
  if (instances < 2 || k < 1) return std::numeric_limits<double>::quiet_NaN();
  std::int64_t common = 0;
  for (int round = 0; round < kHalvings; ++round) {
    const std::vector<std::int64_t> order = halving(instances, seed, round);
    const std::span all(order);
    const auto middle = static_cast<std::size_t>(instances / 2);
    const auto first = top(all.first(middle), items, k, drop),
               second = top(all.subspan(middle), items, k, drop);
    common +=
        std::count_if(first.begin(), first.end(), [&](std::int64_t item) { return second.contains(item); });
  }
  return static_cast<double>(common) / static_cast<double>(k * kHalvings);
}

}  // namespace hones::stats
