// docs/benchmark.md 6.3 and 6.4.
#include <bit>
#include <cmath>
#include <map>

#include <hones/base/error.hpp>
#include <hones/stats/groups.hpp>

namespace hones::stats {

Groups overlap_groups(const std::array<std::vector<std::int64_t>, kGroupTasks>& sets) {
  std::map<std::int64_t, std::size_t> masks;
  for (std::size_t task = 0; task < kGroupTasks; ++task) {
    for (const std::int64_t neuron : sets[task]) masks[neuron] |= std::size_t{1} << task;
  }
  Groups groups;
  for (const auto& [neuron, mask] : masks) groups[mask].push_back(neuron);
  return groups;
}

std::string group_name(std::size_t mask, std::span<const std::string, kGroupTasks> tasks) {
  HONES_ASSERT(mask > 0 && mask < kGroups, "mask " + std::to_string(mask));
  std::string name;
  for (std::size_t task = 0; task < kGroupTasks; ++task) {
    if ((mask >> task & 1) != 0) name += (name.empty() ? "" : "+") + tasks[task];
  }
  return name;
}

std::optional<std::size_t> dominant_group(std::size_t task, const Groups& groups,
                                          std::span<const double, kGroups> drops) {
  HONES_ASSERT(task < kGroupTasks, "task " + std::to_string(task));
  std::optional<std::size_t> best;
  for (std::size_t mask = 1; mask < kGroups; ++mask) {
    const bool competes = (mask >> task & 1) != 0 && std::popcount(mask) > 1 && !groups[mask].empty();
    if (!competes || std::isnan(drops[mask])) continue;
    const bool wins = !best || drops[mask] > drops[*best] ||
                      (drops[mask] == drops[*best] && groups[mask].size() < groups[*best].size());
    if (wins) best = mask;
  }
  return best;
}

}  // namespace hones::stats
