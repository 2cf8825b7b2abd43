#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/comm/archive.hpp>
#include <hones/plan/planner.hpp>

namespace hones::plan {
namespace {

std::vector<TaskLoad> four_tasks() {
  return {{"vqa", 7, 40, 1, 3}, {"ocr", 1, 30, 1, 5}, {"caption", 0, 35, 1, 12}, {"retrieval", 3, 35, 50, 0}};
}

ModelLoad small() {
  return {6, 8, 0};
}

// Every (task, instance, layer) of the asked ones exactly once, and every instance's plain column exactly
// once.
void expect_exact_cover(const std::vector<Unit>& units, const std::vector<TaskLoad>& tasks,
                        const std::vector<std::int64_t>& asked) {
  std::map<std::tuple<int, std::int64_t, std::int64_t>, int> cells;
  std::map<std::pair<int, std::int64_t>, int> plain;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const Unit& unit = units[i];
    EXPECT_EQ(unit.id, static_cast<std::int64_t>(i));
    EXPECT_EQ(unit.stage, Stage::heads);
    EXPECT_LT(unit.instance_begin, unit.instance_end);
    EXPECT_LT(unit.layer_begin, unit.layer_end);
    EXPECT_GT(unit.cost, 0);
    for (std::int64_t n = unit.instance_begin; n < unit.instance_end; ++n) {
      if (unit.owns_plain) ++plain[{unit.load, n}];
      for (std::int64_t l = unit.layer_begin; l < unit.layer_end; ++l) ++cells[{unit.load, n, l}];
    }
  }
  std::size_t instances = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    instances += static_cast<std::size_t>(tasks[t].instances);
    for (std::int64_t n = 0; n < tasks[t].instances; ++n) {
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
        const auto units = head_units(four_tasks(), small(), ranks, instances, layers);
        expect_exact_cover(units, four_tasks(), all);
      }
    }
  }
}

TEST(Planner, CutsOnlyTheLayersAsked) {
  const std::vector<std::int64_t> asked{1, 2, 3, 5};
  for (const std::int64_t layers : {0, 1, 2, 99}) {
    const auto units = head_units(four_tasks(), small(), 2, 2, layers, asked);
    expect_exact_cover(units, four_tasks(), asked);
    for (const Unit& unit : units) EXPECT_EQ(unit.owns_plain, unit.layer_begin == 1);
  }
  EXPECT_THROW(head_units(four_tasks(), small(), 2, 2, 0, {2, 1}), InternalError);
  EXPECT_THROW(head_units(four_tasks(), small(), 2, 2, 0, {6}), InternalError);
}

TEST(Planner, ChoosesFourUnitsPerRankWhereTheTableAllows) {
  // 11 instances and 6 layers: at most 66 units.
  for (const int ranks : {1, 2, 3, 5, 11, 16}) {
    EXPECT_GE(head_units(four_tasks(), small(), ranks, 1, 0).size(),
              std::min<std::size_t>(66, 4u * static_cast<unsigned>(ranks)));
  }
  EXPECT_EQ(head_units(four_tasks(), small(), 1, 1, 0).size(), 11u);  // no finer than needed
  EXPECT_EQ(head_units(four_tasks(), small(), 100, 1, 0).size(), 66u);
}

TEST(Planner, CutsUnitsToAboutAMinuteEachTaskForItself) {
  // Six layers of a vqa instance cost 6 * 43 + 48 * 6 * 43 layer-positions, of a query 50 prompts' worth.
  ModelLoad model = small();
  model.layer_positions_per_second = 1000;
  const auto units = head_units(four_tasks(), model, 1, 1, 0);
  expect_exact_cover(units, four_tasks(), {0, 1, 2, 3, 4, 5});
  for (const Unit& unit : units) {
    const std::int64_t width = unit.layer_end - unit.layer_begin;
    EXPECT_EQ(width, unit.load == 3 ? 1 : 6) << "task " << unit.load;
    EXPECT_TRUE(unit.cost / model.layer_positions_per_second <= 60 || width == 1);
  }
  // A width that was asked for stays.
  for (const Unit& unit : head_units(four_tasks(), model, 1, 1, 3))
    EXPECT_EQ(unit.layer_end - unit.layer_begin, 3);
}

TEST(Planner, Prices) {
  const TaskLoad task{"vqa", 1, 10, 1, 2};
  const ModelLoad model{4, 3, 0};
  // plain: 4 layers of 12 positions; layer 1 without resume: 3 heads like the plain run
  EXPECT_DOUBLE_EQ(price(task, model, 1, 2, false), 48 + 3 * 48);
  // with resume the prompt starts at layer 1, what is generated runs all layers
  EXPECT_DOUBLE_EQ(price(task, model, 1, 2, true), 48 + 3 * (3 * 10 + 4 * 2));
  EXPECT_DOUBLE_EQ(price(task, model, 2, 2, true), 48);
  const TaskLoad query{"retrieval", 1, 10, 50, 0};
  EXPECT_DOUBLE_EQ(price(query, model, 3, 4, true), 50 * 10 * (4 + 3));
  // resumed units of low layers are the long ones
  const auto units = head_units({task}, model, 1, 1, 1, {}, true);
  ASSERT_EQ(units.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_LT(units[i].cost, units[i - 1].cost);
}

// 7 instances in blocks of 3, 3 and 1: what a unit costs depends on how many it holds, not on where they
// stand.
TEST(Planner, ChargesABlockForItsOwnInstances) {
  const auto units = head_units({{"vqa", 7, 40, 1, 3}}, small(), 1, 3, 6);
  ASSERT_EQ(units.size(), 3U);
  EXPECT_DOUBLE_EQ(units[1].cost, units[0].cost);
  EXPECT_DOUBLE_EQ(3 * units[2].cost, units[0].cost);
}

TEST(Planner, NeuronUnitsAreWholeInstances) {
  for (const int ranks : {1, 3, 50}) {
    for (const std::int64_t block : {1, 4, 100}) {
      std::map<std::pair<int, std::int64_t>, int> seen;
      const auto units = neuron_units(four_tasks(), small(), ranks, block, {16, 16, 16, 2});
      for (const Unit& unit : units) {
        EXPECT_EQ(unit.stage, Stage::neurons);
        EXPECT_EQ(unit.layer_begin, 0);
        EXPECT_EQ(unit.layer_end, 6);
        EXPECT_LE(unit.instance_end - unit.instance_begin, block);
        for (std::int64_t n = unit.instance_begin; n < unit.instance_end; ++n) ++seen[{unit.load, n}];
      }
      EXPECT_EQ(seen.size(), 11u);
      for (const auto& [cell, times] : seen) EXPECT_EQ(times, 1);
      EXPECT_GE(units.size(), std::min<std::size_t>(11, 4u * static_cast<unsigned>(ranks)));
    }
  }
  const auto units = neuron_units({{"vqa", 1, 10, 1, 2}}, {4, 3, 0}, 1, 1, {2});
  EXPECT_DOUBLE_EQ(units.at(0).cost, 3 * 4 * 10);
  EXPECT_THROW(neuron_units(four_tasks(), small(), 1, 1, {16}), InternalError);
}

TEST(Planner, RefusesNonsense) {
  EXPECT_THROW(head_units(four_tasks(), small(), 0, 1, 0), InternalError);
  EXPECT_THROW(head_units(four_tasks(), small(), 1, 0, 0), InternalError);
  EXPECT_THROW(head_units(four_tasks(), {0, 8, 0}, 1, 1, 0), InternalError);
  EXPECT_TRUE(head_units({}, small(), 2, 1, 0).empty());
}

TEST(Unit, IsEmptyAtFirst) {
  const Unit unit;
  EXPECT_EQ(unit.stage, Stage::heads);
  EXPECT_EQ(unit.id + unit.load + unit.instance_begin + unit.instance_end + unit.layer_begin + unit.layer_end,
            0);
  EXPECT_FALSE(unit.owns_plain);
  EXPECT_EQ(unit.cost, 0);
}

TEST(Unit, TravelsInMessages) {
  Grant grant;
  grant.kind = Grant::Kind::unit;
  grant.unit = head_units(four_tasks(), small(), 2, 2, 4).at(3);
  const auto back = comm::from_bytes<Grant>(comm::to_bytes(grant));
  EXPECT_EQ(back.kind, Grant::Kind::unit);
  EXPECT_EQ(back.unit.id, 3);
  EXPECT_EQ(back.unit.layer_begin, 4);
  EXPECT_EQ(back.unit.layer_end, 6);
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
