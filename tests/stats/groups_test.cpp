// docs/benchmark.md 6.3 and 6.4.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/stats/groups.hpp>

#include "support/vectors.hpp"

namespace hones::stats {
namespace {

using Indices = std::vector<std::int64_t>;
using Sets = std::array<Indices, kGroupTasks>;
using Drops = std::array<double, kGroups>;

const std::array<std::string, kGroupTasks> kTasks = {"VQA", "OCR", "Caption", "Retrieval"};
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Drops drops_on(const std::string& task, const nlohmann::json& table) {
  Drops drops;
  drops.fill(kNan);
  for (std::size_t mask = 1; mask < kGroups; ++mask) {
    const auto group = table.find(group_name(mask, kTasks));
    if (group != table.end() && !group->is_null() && !group->at(task).is_null())
      drops[mask] = group->at(task);
  }
  return drops;
}

TEST(Groups, Vectors) {
  const auto file = test::vectors("groups");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const auto& expected = c["expected"];
    Sets sets;
    for (std::size_t t = 0; t < kGroupTasks; ++t) sets[t] = c["sets"][kTasks[t]].get<Indices>();
    const Groups groups = overlap_groups(sets);
    ASSERT_EQ(expected["groups"].size(), kGroups - 1);
    for (std::size_t mask = 1; mask < kGroups; ++mask) {
      const std::string name = group_name(mask, kTasks);
      EXPECT_EQ(groups[mask], expected["groups"].at(name).get<Indices>()) << name;
      EXPECT_EQ(groups[mask].size(), expected["sizes"].at(name).get<std::size_t>()) << name;
    }
    for (std::size_t t = 0; t < kGroupTasks; ++t) {
      const auto best = dominant_group(t, groups, drops_on(kTasks[t], c["relative_drop_percent"]));
      const auto& wanted = expected["dominant_group"][kTasks[t]];
      if (wanted.is_null()) {
        EXPECT_FALSE(best) << kTasks[t];
      } else {
        ASSERT_TRUE(best) << kTasks[t];
        EXPECT_EQ(group_name(*best, kTasks), wanted.get<std::string>());
      }
    }
  }
}

TEST(Groups, PartitionTheSets) {
  SplitMix64 rng(17);
  Sets sets;
  for (Indices& set : sets) {
    while (set.size() < 40) {
      const auto neuron = static_cast<std::int64_t>(rng.below(120));
      if (std::find(set.begin(), set.end(), neuron) == set.end()) set.push_back(neuron);
    }
  }
  const Groups groups = overlap_groups(sets);
  EXPECT_TRUE(groups[0].empty());
  for (std::size_t task = 0; task < kGroupTasks; ++task) {
    Indices together;
    for (std::size_t mask = 1; mask < kGroups; ++mask) {
      if ((mask >> task & 1) != 0) together.insert(together.end(), groups[mask].begin(), groups[mask].end());
    }
    std::sort(together.begin(), together.end());
    Indices wanted = sets[task];
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(together, wanted);  // every neuron once: a set is the sum of its groups
  }
}

TEST(Groups, AreNamedInTheOrderOfTheTasks) {
  EXPECT_EQ(group_name(1, kTasks), "VQA");
  EXPECT_EQ(group_name(0b1010, kTasks), "OCR+Retrieval");
  EXPECT_EQ(group_name(15, kTasks), "VQA+OCR+Caption+Retrieval");
}

TEST(DominantGroup, ChoosesByDropThenSizeThenMask) {
  Groups groups;
  groups[0b0001] = {1};
  groups[0b0011] = {2, 3};
  groups[0b0101] = {4};
  groups[0b1001] = {5};
  groups[0b0110] = {6};
  Drops drops;
  drops.fill(kNan);
  drops[0b0001] = 90;                                         // specific: never competes
  drops[0b0110] = 80;                                         // does not contain the task
  drops[0b1111] = 70;                                         // empty
  EXPECT_EQ(dominant_group(0, groups, drops), std::nullopt);  // nothing measured
  drops[0b0011] = drops[0b0101] = drops[0b1001] = 10;
  EXPECT_EQ(dominant_group(0, groups, drops), 0b0101U);  // fewer neurons, then the lower mask
  drops[0b0011] = 11;
  EXPECT_EQ(dominant_group(0, groups, drops), 0b0011U);
  drops[0b0011] = -11;
  drops[0b0101] = drops[0b1001] = -12;
  EXPECT_EQ(dominant_group(0, groups, drops), 0b0011U);  // the largest, if none is positive
  EXPECT_EQ(dominant_group(1, groups, drops), 0b0110U);
}

}  // namespace
}  // namespace hones::stats
