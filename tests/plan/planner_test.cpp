#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/comm/archive.hpp>
#include <hones/plan/planner.hpp>

namespace hones::plan {
namespace {

constexpr std::int64_t kGroups = 6;

// So many bundles of one price: a plain run, and as much for every group.
Load load_of(std::string name, std::int64_t bundles, double plain, double group) {
  return {std::move(name), std::vector<Price>(static_cast<std::size_t>(bundles),
                                              {plain, std::vector<double>(kGroups, group)})};
}

std::vector<Load> four_tasks() {
  return {load_of("vqa", 7, 258, 2064), load_of("ocr", 1, 210, 1680), load_of("caption", 0, 282, 2256),
          load_of("retrieval", 3, 10500, 84000)};
}

Cutting cutting(int ranks, std::int64_t unit_instances, std::int64_t unit_groups,
                std::vector<std::int64_t> asked = {}) {
  return {kGroups, ranks, unit_instances, unit_groups, std::move(asked), 0};
}

// Every (task, instance, layer) of the asked ones exactly once, and every instance's plain column exactly
// once.
void expect_exact_cover(const std::vector<Unit>& units, const std::vector<Load>& tasks,
                        const std::vector<std::int64_t>& asked) {
  std::map<std::tuple<int, std::int64_t, std::int64_t>, int> cells;
  std::map<std::pair<int, std::int64_t>, int> plain;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const Unit& unit = units[i];
    EXPECT_EQ(unit.id, static_cast<std::int64_t>(i));
    EXPECT_EQ(unit.stage, Stage::heads);
    EXPECT_LT(unit.instance_begin, unit.instance_end);
    EXPECT_LT(unit.group_begin, unit.group_end);
    EXPECT_GT(unit.cost, 0);
    for (std::int64_t n = unit.instance_begin; n < unit.instance_end; ++n) {
      if (unit.owns_plain) ++plain[{unit.load, n}];
      for (std::int64_t l = unit.group_begin; l < unit.group_end; ++l) ++cells[{unit.load, n, l}];
    }
  }
  std::size_t instances = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    instances += tasks[t].bundles.size();
    for (std::int64_t n = 0; n < std::ssize(tasks[t].bundles); ++n) {
      EXPECT_EQ((plain[{static_cast<int>(t), n}]), 1);
      for (const std::int64_t l : asked)
        EXPECT_EQ((cells[{static_cast<int>(t), n, l}]), 1) << t << " " << n << " " << l;
    }
  }
  EXPECT_EQ(plain.size(), instances);
  EXPECT_EQ(cells.size(), instances * asked.size());
}

TEST(Planner, CoversEveryCellOnce) {
  const std::vector<std::int64_t> all{0, 1, 2, 3, 4, 5};
  for (const std::int64_t instances : {1, 2, 3, 100}) {
    for (const std::int64_t layers : {0, 1, 2, 4, 6, 99}) {
      for (const int ranks : {1, 2, 3, 64}) {
        const auto units = cell_units(four_tasks(), cutting(ranks, instances, layers));
        expect_exact_cover(units, four_tasks(), all);
      }
    }
  }
}

TEST(Planner, CutsOnlyTheLayersAsked) {
  const std::vector<std::int64_t> asked{1, 2, 3, 5};
  for (const std::int64_t layers : {0, 1, 2, 99}) {
    const auto units = cell_units(four_tasks(), cutting(2, 2, layers, asked));
    expect_exact_cover(units, four_tasks(), asked);
    for (const Unit& unit : units) EXPECT_EQ(unit.owns_plain, unit.group_begin == 1);
  }
  EXPECT_THROW(cell_units(four_tasks(), cutting(2, 2, 0, {2, 1})), InternalError);
  EXPECT_THROW(cell_units(four_tasks(), cutting(2, 2, 0, {6})), InternalError);
}

TEST(Planner, ChoosesFourUnitsPerRankWhereTheTableAllows) {
  // 11 instances and 6 layers: at most 66 units.
  for (const int ranks : {1, 2, 3, 5, 11, 16}) {
    EXPECT_GE(cell_units(four_tasks(), cutting(ranks, 1, 0)).size(),
              std::min<std::size_t>(66, 4u * static_cast<unsigned>(ranks)));
  }
  EXPECT_EQ(cell_units(four_tasks(), cutting(1, 1, 0)).size(), 11u);  // no finer than needed
  EXPECT_EQ(cell_units(four_tasks(), cutting(100, 1, 0)).size(), 66u);
}

TEST(Planner, CutsUnitsToAboutAMinuteEachTaskForItself) {
  Cutting known = cutting(1, 1, 0);
  known.flops_per_second = 1000;
  const auto units = cell_units(four_tasks(), known);
  expect_exact_cover(units, four_tasks(), {0, 1, 2, 3, 4, 5});
  for (const Unit& unit : units) {
    const std::int64_t width = unit.group_end - unit.group_begin;
    EXPECT_EQ(width, unit.load == 3 ? 1 : 6) << "task " << unit.load;
    EXPECT_TRUE(unit.cost / known.flops_per_second <= 60 || width == 1);
  }
  // One dear bundle narrows the units of its load, and of no other.
  std::vector<Load> uneven = four_tasks();
  uneven[0].bundles[4].groups.assign(kGroups, 25000);
  for (const Unit& unit : cell_units(uneven, known)) {
    if (unit.load == 3) continue;
    EXPECT_EQ(unit.group_end - unit.group_begin, unit.load == 0 ? 2 : 6) << "task " << unit.load;
  }
  // A width that was asked for stays.
  known.unit_groups = 3;
  for (const Unit& unit : cell_units(four_tasks(), known)) EXPECT_EQ(unit.group_end - unit.group_begin, 3);
}

TEST(Planner, AUnitCostsWhatItsOwnBundlesDo) {
  Load load{"vqa", {}};
  for (int b = 1; b <= 7; ++b)
    load.bundles.push_back({10.0 * b, {6.0 * b, 5.0 * b, 4.0 * b, 3.0 * b, 2.0 * b, 1.0 * b}});
  EXPECT_DOUBLE_EQ(load.bundles[1].of(1, 3), 20 + 10 + 8);
  EXPECT_DOUBLE_EQ(load.bundles[1].of(2, 2), 20);
  // 7 bundles in blocks of 3, 3 and 1, two ranges of groups each; the plain run is priced in both.
  const auto units = cell_units({load}, cutting(1, 3, 3));
  ASSERT_EQ(units.size(), 6U);
  EXPECT_DOUBLE_EQ(units[0].cost, (1 + 2 + 3) * (10 + 6 + 5 + 4));
  EXPECT_DOUBLE_EQ(units[1].cost, (1 + 2 + 3) * (10 + 3 + 2 + 1));
  EXPECT_DOUBLE_EQ(units[2].cost, (4 + 5 + 6) * (10 + 6 + 5 + 4));
  EXPECT_DOUBLE_EQ(units[5].cost, 7 * (10 + 3 + 2 + 1));
}

TEST(Planner, NeuronUnitsAreWholeInstances) {
  for (const int ranks : {1, 3, 50}) {
    for (const std::int64_t block : {1, 4, 100}) {
      std::map<std::pair<int, std::int64_t>, int> seen;
      const auto units = neuron_units({{1, 2, 3, 4, 5, 6, 7}, {8}, {}, {9, 10, 11}}, kGroups, ranks, block);
      for (const Unit& unit : units) {
        EXPECT_EQ(unit.stage, Stage::neurons);
        EXPECT_EQ(unit.group_begin, 0);
        EXPECT_EQ(unit.group_end, 6);
        EXPECT_LE(unit.instance_end - unit.instance_begin, block);
        for (std::int64_t n = unit.instance_begin; n < unit.instance_end; ++n) ++seen[{unit.load, n}];
      }
      EXPECT_EQ(seen.size(), 11u);
      for (const auto& [cell, times] : seen) EXPECT_EQ(times, 1);
      EXPECT_GE(units.size(), std::min<std::size_t>(11, 4u * static_cast<unsigned>(ranks)));
    }
  }
  // 12 instances are cut in threes, so that there are four units.
  const auto units = neuron_units({std::vector<double>(12, 2.5)}, kGroups, 1, 100);
  ASSERT_EQ(units.size(), 4U);
  EXPECT_DOUBLE_EQ(units[0].cost, 7.5);
}

TEST(Planner, RefusesNonsense) {
  EXPECT_THROW(cell_units(four_tasks(), cutting(0, 1, 0)), InternalError);
  EXPECT_THROW(cell_units(four_tasks(), cutting(1, 0, 0)), InternalError);
  EXPECT_THROW(cell_units(four_tasks(), cutting(1, 1, -1)), InternalError);
  EXPECT_THROW(neuron_units({{1}}, kGroups, 0, 1), InternalError);
  EXPECT_TRUE(cell_units({}, cutting(2, 1, 0)).empty());
}

TEST(Unit, IsEmptyAtFirst) {
  const Unit unit;
  EXPECT_EQ(unit.stage, Stage::heads);
  EXPECT_EQ(unit.id + unit.load + unit.instance_begin + unit.instance_end + unit.group_begin + unit.group_end,
            0);
  EXPECT_FALSE(unit.owns_plain);
  EXPECT_EQ(unit.cost, 0);
}

TEST(Unit, TravelsInMessages) {
  Grant grant;
  grant.kind = Grant::Kind::unit;
  grant.unit = cell_units(four_tasks(), cutting(2, 2, 4)).at(3);
  const auto back = comm::from_bytes<Grant>(comm::to_bytes(grant));
  EXPECT_EQ(back.kind, Grant::Kind::unit);
  EXPECT_EQ(back.unit.id, 3);
  EXPECT_EQ(back.unit.group_begin, 4);
  EXPECT_EQ(back.unit.group_end, 6);
  EXPECT_EQ(back.unit.cost, grant.unit.cost);
  EXPECT_FALSE(back.unit.owns_plain);

  Outcome outcome;
  outcome.rank = 3;
  outcome.has_unit = true;
  outcome.tally.decoded = 12;
  outcome.tally.full_layer_positions = 0.5;
  outcome.tally.invalid_by_task = {0, 2};
  outcome.tally.exclusions = {{1, 5, "images/7.jpg: cannot be read"}};
  const auto reported = comm::from_bytes<Outcome>(comm::to_bytes(outcome));
  EXPECT_EQ(reported.rank, 3);
  EXPECT_TRUE(reported.has_unit);
  EXPECT_EQ(reported.tally.exclusions.at(0).instance, 5);
  EXPECT_EQ(reported.tally.exclusions.at(0).reason, "images/7.jpg: cannot be read");
  EXPECT_EQ(reported.tally.decoded, 12);
  EXPECT_EQ(reported.tally.full_layer_positions, 0.5);
  EXPECT_EQ(reported.tally.invalid_by_task, (std::vector<std::int64_t>{0, 2}));
}

TEST(Tally, AddsUpAndNamesAnInstanceOnce) {
  Tally sum, unit;
  unit.cells = 3;
  unit.layer_positions = 1.5;
  unit.exclusions = {{0, 2, "first"}, {1, 2, "another task's"}};
  unit.invalid_by_task = {1, 0};
  sum += unit;
  unit.exclusions = {{0, 2, "again"}, {0, 3, "new"}};
  sum += unit;
  EXPECT_EQ(sum.cells, 6);
  EXPECT_EQ(sum.layer_positions, 3);
  EXPECT_EQ(sum.invalid_by_task, (std::vector<std::int64_t>{2, 0}));
  ASSERT_EQ(sum.exclusions.size(), 3u);
  EXPECT_EQ(sum.exclusions[0].reason, "first");
  EXPECT_EQ(sum.exclusions[2].reason, "new");
}

}  // namespace
}  // namespace hones::plan
