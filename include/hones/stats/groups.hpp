// The fifteen overlap groups of four tasks' neuron sets (docs/benchmark.md 6.3 and 6.4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hones::stats {

inline constexpr std::size_t kGroupTasks = 4;
inline constexpr std::size_t kGroups = 1U << kGroupTasks;  // masks 1..15; 0 is in no set

// Element `mask` holds the neurons that are in exactly the sets whose bit is set (bit t: sets[t]), ascending;
// the first element is empty. A neuron named twice in a set counts once.
using Groups = std::array<std::vector<std::int64_t>, kGroups>;
Groups overlap_groups(const std::array<std::vector<std::int64_t>, kGroupTasks>& sets);

// Names of the group's tasks, joined by "+" in bit order.
std::string group_name(std::size_t mask, std::span<const std::string, kGroupTasks> tasks);

// The group with the largest drop on `task` among non-empty groups of at least two tasks, `task` among them;
// the one with fewer neurons, then the lower mask on ties. drops[mask]: the drop on that task with the group
// masked, NaN where it was not measured. None where no group competes.
std::optional<std::size_t> dominant_group(std::size_t task, const Groups& groups,
                                          std::span<const double, kGroups> drops);

}  // namespace hones::stats
