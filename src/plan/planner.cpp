#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/plan/planner.hpp>

namespace hones::plan {

namespace {

// Enough units that the longest-first order evens out what the prices got wrong, few enough that grants cost
// nothing.
constexpr std::int64_t kUnitsPerRank = 4;
constexpr double kUnitSeconds = 60;

using Range = std::pair<std::int64_t, std::int64_t>;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

template <typename Loads, typename Size>
std::int64_t count_blocks(const Loads& loads, std::int64_t block, const Size& size) {
  std::int64_t blocks = 0;
  for (const auto& load : loads) blocks += ceil_div(size(load), block);
  return blocks;
}

std::vector<std::int64_t> asked_groups(std::int64_t groups, const std::vector<std::int64_t>& asked) {
  if (asked.empty()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(groups));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    HONES_ASSERT(asked[i] >= 0 && asked[i] < groups && (i == 0 || asked[i - 1] < asked[i]),
                 "asked group " + std::to_string(asked[i]) + " of " + std::to_string(groups));
  }
  return asked;
}

// Runs of neighbouring asked groups, each cut into ranges of at most `width`.
std::vector<Range> group_ranges(const std::vector<std::int64_t>& asked, std::int64_t width) {
  std::vector<Range> ranges;
  for (const std::int64_t group : asked) {
    if (!ranges.empty() && ranges.back().second == group && group - ranges.back().first < width) {
      ++ranges.back().second;
    } else {
      ranges.emplace_back(group, group + 1);
    }
  }
  return ranges;
}

// Groups of a unit: as many as leave enough units, whatever they cost.
std::int64_t widest(const std::vector<Load>& loads, const Cutting& cutting, std::int64_t asked) {
  const std::int64_t blocks = std::max<std::int64_t>(
      1, count_blocks(loads, cutting.unit_instances, [](const Load& l) { return std::ssize(l.bundles); }));
  const std::int64_t wanted =
      std::clamp<std::int64_t>(ceil_div(kUnitsPerRank * cutting.ranks, blocks), 1, asked);
  return asked / wanted;  // rounded down: at least `wanted` ranges
}

// Narrower where a unit of the load's dearest bundle would take longer than about a minute.
std::int64_t narrowed(std::int64_t width, const Load& load, const Cutting& cutting) {
  if (cutting.flops_per_second <= 0) return width;
  const double most = kUnitSeconds * cutting.flops_per_second / static_cast<double>(cutting.unit_instances);
  const auto takes_longer = [&](const Price& price) { return price.of(0, width) > most; };
  while (width > 1 && std::any_of(load.bundles.begin(), load.bundles.end(), takes_longer)) --width;
  return width;
}

}  // namespace

double Price::of(std::int64_t group_begin, std::int64_t group_end) const {
  return std::accumulate(groups.begin() + group_begin, groups.begin() + group_end, plain);
}

std::vector<Unit> cell_units(const std::vector<Load>& loads, const Cutting& cutting) {
  HONES_ASSERT(
      cutting.groups >= 1 && cutting.ranks >= 1 && cutting.unit_instances >= 1 && cutting.unit_groups >= 0,
      "groups=" + std::to_string(cutting.groups) + " ranks=" + std::to_string(cutting.ranks) +
          " unit_instances=" + std::to_string(cutting.unit_instances) +
          " unit_groups=" + std::to_string(cutting.unit_groups));
  const std::vector<std::int64_t> asked = asked_groups(cutting.groups, cutting.asked);
  const std::int64_t width =
      cutting.unit_groups > 0 ? cutting.unit_groups : widest(loads, cutting, std::ssize(asked));
  std::vector<Unit> units;
  for (std::size_t l = 0; l < loads.size(); ++l) {
    const std::vector<Price>& bundles = loads[l].bundles;
    const std::vector<Range> ranges =
        group_ranges(asked, cutting.unit_groups > 0 ? width : narrowed(width, loads[l], cutting));
    for (std::int64_t begin = 0; begin < std::ssize(bundles); begin += cutting.unit_instances) {
      for (const auto& [group_begin, group_end] : ranges) {
        Unit unit;
        unit.id = static_cast<std::int64_t>(units.size());
        unit.stage = Stage::heads;
        unit.load = static_cast<std::int32_t>(l);
        unit.instance_begin = begin;
        unit.instance_end = std::min(begin + cutting.unit_instances, std::ssize(bundles));
        unit.group_begin = group_begin;
        unit.group_end = group_end;
        unit.owns_plain = group_begin == asked.front();
        for (std::int64_t b = begin; b < unit.instance_end; ++b)
          unit.cost += bundles[static_cast<std::size_t>(b)].of(group_begin, group_end);
        units.push_back(unit);
      }
    }
  }
  return units;
}

std::vector<Unit> neuron_units(const std::vector<std::vector<double>>& prices, std::int64_t layers, int ranks,
                               std::int64_t unit_instances) {
  HONES_ASSERT(layers >= 1 && ranks >= 1 && unit_instances >= 1,
               "layers=" + std::to_string(layers) + " ranks=" + std::to_string(ranks) +
                   " unit_instances=" + std::to_string(unit_instances));
  const auto size = [](const std::vector<double>& instances) { return std::ssize(instances); };
  std::int64_t block = unit_instances;
  while (block > 1 && count_blocks(prices, block, size) < kUnitsPerRank * ranks) --block;

  std::vector<Unit> units;
  for (std::size_t t = 0; t < prices.size(); ++t) {
    for (std::int64_t begin = 0; begin < std::ssize(prices[t]); begin += block) {
      Unit unit;
      unit.id = static_cast<std::int64_t>(units.size());
      unit.stage = Stage::neurons;
      unit.load = static_cast<std::int32_t>(t);
      unit.instance_begin = begin;
      unit.instance_end = std::min(begin + block, std::ssize(prices[t]));
      unit.group_end = layers;
      unit.cost = std::accumulate(prices[t].begin() + begin, prices[t].begin() + unit.instance_end, 0.0);
      units.push_back(unit);
    }
  }
  return units;
}

}  // namespace hones::plan
