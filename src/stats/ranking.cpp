#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>

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
std::vector<std::int64_t> halving(std::span<const std::string> ids, std::uint64_t seed, int round) {
  const std::string purpose = "half|" + std::to_string(round);
  std::vector<std::tuple<std::uint64_t, std::string_view, std::int64_t>> keyed;
  for (std::size_t i = 0; i < ids.size(); ++i)
    keyed.emplace_back(key(seed, purpose, ids[i]), ids[i], static_cast<std::int64_t>(i));
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::int64_t> order;
  for (const auto& entry : keyed) order.push_back(std::get<2>(entry));
  return order;
}

}  // namespace

double split_half_overlap(
    std::span<const std::string> ids, std::int64_t items, std::int64_t k, std::uint64_t seed,
    const std::function<std::vector<double>(std::span<const std::int64_t> half)>& values) {
  k = std::min(k, items);
  if (ids.size() < 2 || k < 1) return std::numeric_limits<double>::quiet_NaN();
  const auto top = [&](std::span<const std::int64_t> half) {
    const std::vector<std::int64_t> order = ranking(values(half));
    return std::set<std::int64_t>(order.begin(), order.begin() + k);
  };
  std::int64_t common = 0;
  for (int round = 0; round < kHalvings; ++round) {
    const std::vector<std::int64_t> order = halving(ids, seed, round);
    const std::span all(order);
    const std::set<std::int64_t> first = top(all.first(ids.size() / 2)),
                                 second = top(all.subspan(ids.size() / 2));
    common +=
        std::count_if(first.begin(), first.end(), [&](std::int64_t item) { return second.contains(item); });
  }
  return static_cast<double>(common) / static_cast<double>(k * kHalvings);
}

}  // namespace hones::stats
