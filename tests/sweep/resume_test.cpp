// What a run takes over from an earlier start's ledger, and what is left to do: tables made by hand, no
// model.
#include "resume.hpp"

#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "support/usage_error.hpp"

namespace hones::sweep {
namespace {

using table::CellState;
using test::usage_error;

const std::string kAdvice = "; name another folder, or pass --restart to begin anew there";

TEST(CheckSettings, NamesTheFirstDifference) {
  const auto check = [](const std::string& stored, const std::string& asked) {
    return usage_error([&] { check_settings("run/ledger.h5", stored, asked); });
  };
  EXPECT_EQ(check(R"({"a.first":1,"run.seed":3,"z.last":1})", R"({"z.last":2,"run.seed":4,"a.first":1})"),
            "run/ledger.h5 was made with run.seed = 3, and 4 is asked for" + kAdvice);
  EXPECT_EQ(
      check(R"({"discover.tasks":["vqa","ocr"]})", R"({"discover.tasks":["vqa"]})"),
      R"(run/ledger.h5 was made with discover.tasks = ["vqa","ocr"], and ["vqa"] is asked for)" + kAdvice);
  EXPECT_EQ(check("{}", R"({"model.dtype":"bf16"})"),
            R"(run/ledger.h5 was made with model.dtype = nothing, and "bf16" is asked for)" + kAdvice);
  EXPECT_EQ(check(R"({"model.dtype":"bf16"})", ""),
            R"(run/ledger.h5 was made with model.dtype = "bf16", and nothing is asked for)" + kAdvice);
}

TEST(CheckSettings, LetsPassWhatMayGrow) {
  for (const char* key :
       {"discover.instances", "discover.queries", "discover.heads", "ablate.instances", "ablate.queries"}) {
    const std::string name = "{\"" + std::string(key) + "\":";
    EXPECT_NO_THROW(check_settings("l", name + "4,\"run.seed\":1}", name + "9,\"run.seed\":1}")) << key;
    EXPECT_NO_THROW(check_settings("l", "{}", name + "9}")) << key;
  }
  EXPECT_NO_THROW(check_settings("l", "", ""));
}

using Environment = std::map<std::string, std::string>;

TEST(CheckEnvironment, AcceptsAnotherBuildOrProcessorAndNothingElse) {
  const Environment stored{
      {"cpu_capability", "AVX2"}, {"dtype", "fp32"}, {"git_commit", "old"}, {"libtorch", "2.1"}};
  EXPECT_NO_THROW(check_environment("l", stored, stored, false));
  for (const std::string name : {"cpu_capability", "git_commit", "libtorch"}) {
    Environment here = stored;
    here[name] = "new";
    EXPECT_EQ(
        usage_error([&] { check_environment("l", stored, here, false); }),
        "l was made with " + name + " = " + stored.at(name) +
            ", and here it is new; --accept-environment goes on all the same, and notes which cells were "
            "made here" +
            kAdvice);
    EXPECT_NO_THROW(check_environment("l", stored, here, true)) << name;
  }
  Environment here = stored;
  here["git_commit"] = "new";
  here["dtype"] = "bf16";
  for (const bool accept : {false, true}) {
    EXPECT_EQ(usage_error([&] { check_environment("l", stored, here, accept); }),
              "l was made with dtype = fp32, and here it is bf16" + kAdvice);
  }
  EXPECT_EQ(usage_error([&] {
              check_environment("l", {}, {{"engine", "fast"}}, true);
            }),
            "l was made with engine = nothing, and here it is fast" + kAdvice);
  // What an older version noted and this one does not know decides nothing.
  EXPECT_NO_THROW(check_environment("l", {{"engine", "fast"}, {"gone", "1"}}, {{"engine", "fast"}}, false));
}

// Three layers of two heads: columns 0 plain, 1 and 2 layer 0, 3 and 4 layer 1, 5 and 6 layer 2.
constexpr table::Shape kShape{3, 2, 4, 0};
const std::vector<bool> kAll(7, true);

table::TaskCells table_of(std::int64_t instances, const table::Shape& shape = kShape) {
  table::TaskCells cells;
  cells.task = "vqa";
  cells.definition = "{}";
  cells.shape = shape;
  cells.answer_limit = 5;
  for (std::int64_t i = 0; i < instances; ++i)
    cells.instances.push_back({"image" + std::to_string(i), "item" + std::to_string(i), {}, {}});
  table::resize(cells);
  return cells;
}

// As read from a ledger: a block an instance, whole. Utilities tell instance and column.
store::LedgerTask ledger_of(std::int64_t instances, const std::set<std::int64_t>& columns,
                            const table::Shape& shape = kShape) {
  store::LedgerTask task;
  task.cells = table_of(instances, shape);
  for (std::int64_t i = 0; i < instances; ++i) {
    table::CellBlock block;
    block.instance = i;
    for (std::int64_t c = 0; c < shape.columns(); ++c) {
      block.states.push_back(columns.contains(c) ? CellState::unchanged : CellState::not_asked);
      block.utility.push_back(static_cast<double>(100 * i + c));
      block.answer_logprob.push_back(-1);
    }
    task.cells.own.push_back(std::move(block));
  }
  return task;
}

plan::Tally nothing_before() {
  plan::Tally before;
  before.invalid_by_task = {0, 0};
  return before;
}

std::vector<std::uint8_t> taken(store::LedgerTask stored, table::TaskCells& cells, plan::Tally& before,
                                const std::vector<bool>& asked = kAll, int rank = 0, int ranks = 1) {
  return take_over("run/ledger.h5", stored, 1, asked, rank, ranks, cells, before);
}

std::string refused(store::LedgerTask stored, table::TaskCells cells, const std::vector<bool>& asked = kAll) {
  return usage_error([&] {
    plan::Tally before = nothing_before();
    taken(std::move(stored), cells, before, asked);
  });
}

TEST(TakeOver, GrowsByInstancesAndHeads) {
  table::TaskCells cells = table_of(3);
  plan::Tally before = nothing_before();
  const auto held = taken(ledger_of(2, {0, 3}), cells, before);
  EXPECT_EQ(held, (std::vector<std::uint8_t>{1, 0, 0, 1, 0, 0, 0,  //
                                             1, 0, 0, 1, 0, 0, 0,  //
                                             0, 0, 0, 0, 0, 0, 0}));
  ASSERT_EQ(cells.own.size(), 2U);
  EXPECT_EQ(cells.own[1].instance, 1);
  EXPECT_EQ(cells.own[1].utility[3], 103);
  // A column that the earlier start did not ask for is to be computed now.
  EXPECT_EQ(cells.own[1].states[2], CellState::not_done);
  EXPECT_TRUE(before.exclusions.empty());
  EXPECT_EQ(before.invalid_by_task, (std::vector<std::int64_t>{0, 0}));
}

TEST(TakeOver, RefusesToShrink) {
  EXPECT_EQ(
      refused(ledger_of(3, {0}), table_of(2)),
      "run/ledger.h5 holds 3 instances of the task 'vqa', and 2 are asked for: a run can grow, not shrink" +
          kAdvice);
  std::vector<bool> asked = kAll;
  asked[4] = false;
  EXPECT_EQ(
      refused(ledger_of(2, {0, 3, 4}), table_of(2), asked),
      "run/ledger.h5 holds cells of head 1:1, which is not asked for: a run can grow, not shrink" + kAdvice);
  table::TaskCells cells = table_of(2);
  plan::Tally before = nothing_before();
  EXPECT_NO_THROW(taken(ledger_of(2, {0, 3}), cells, before, asked)) << "nobody computed head 1:1";
}

TEST(TakeOver, NamesAnInterventionOfAnAblation) {
  const table::Shape shape{3, 2, 4, 4};  // four interventions: columns 1 to 4
  const std::vector<bool> asked{true, true, true, false, true};
  EXPECT_EQ(
      refused(ledger_of(1, {0, 1, 3}, shape), table_of(1, shape), asked),
      "run/ledger.h5 holds cells of intervention 2, which is not asked for: a run can grow, not shrink" +
          kAdvice);
}

TEST(TakeOver, RefusesAnotherTask) {
  const std::string words = "run/ledger.h5 holds another task in the place of 'vqa'" + kAdvice;
  const std::vector<std::function<void(table::TaskCells&)>> changes{
      [](auto& cells) { cells.task = "ocr"; },    [](auto& cells) { cells.definition = "{\"a\":1}"; },
      [](auto& cells) { cells.candidates = 50; }, [](auto& cells) { cells.answer_limit = 6; },
      [](auto& cells) { cells.shape.d_ff = 5; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    store::LedgerTask stored = ledger_of(1, {0});
    changes[i](stored.cells);
    EXPECT_EQ(refused(std::move(stored), table_of(1)), words) << "change " << i;
  }
}

TEST(TakeOver, RefusesOtherInstances) {
  const std::string where = "run/ledger.h5 holds instance ";
  store::LedgerTask stored = ledger_of(2, {0});
  stored.cells.instances[1].image_id = "another";
  EXPECT_EQ(refused(stored, table_of(2)),
            where + "another of the task 'vqa' where image1 is asked for" + kAdvice);
  stored = ledger_of(2, {0});
  stored.cells.instances[0].item_id = "another";
  EXPECT_EQ(refused(stored, table_of(2)),
            where + "image0 of the task 'vqa' where image0 is asked for" + kAdvice);
}

TEST(TakeOver, ExcludedInstancesNeedNothingAndInvalidCellsAreCounted) {
  store::LedgerTask stored = ledger_of(3, {0, 1});
  stored.cells.instances[1].state = table::InstanceState::excluded;
  stored.cells.instances[1].reason = "no picture";
  stored.cells.own[1].states.assign(7, CellState::not_done);
  stored.cells.own[0].states[1] = CellState::invalid;
  stored.cells.own[2].states[1] = CellState::changed;
  table::TaskCells cells = table_of(3);
  plan::Tally before = nothing_before();
  const auto held = taken(std::move(stored), cells, before);
  EXPECT_EQ(std::vector<std::uint8_t>(held.begin() + 7, held.begin() + 14), std::vector<std::uint8_t>(7, 1));
  EXPECT_EQ(std::accumulate(held.begin(), held.end(), 0), 7 + 2 * 2);
  ASSERT_EQ(before.exclusions.size(), 1U);
  EXPECT_EQ(before.exclusions[0].task, 1);
  EXPECT_EQ(before.exclusions[0].instance, 1);
  EXPECT_EQ(before.exclusions[0].reason, "no picture");
  EXPECT_EQ(before.invalid_by_task, (std::vector<std::int64_t>{0, 1}));
  ASSERT_EQ(cells.own.size(), 2U) << "an excluded instance leaves no block";
  EXPECT_EQ(cells.own[0].states[1], CellState::invalid);
  EXPECT_EQ(cells.own[1].states[1], CellState::changed);
}

// Every instance goes to exactly one rank, whatever their number; all ranks know alike what is held. With
// more ranks than instances some have none; an instance without a computed cell is nobody's.
TEST(TakeOver, SharesOfOneToFourRanks) {
  for (const std::int64_t instances : {0, 1, 3, 5}) {
    for (int ranks = 1; ranks <= 4; ++ranks) {
      std::vector<int> owners(static_cast<std::size_t>(instances), 0);
      std::vector<std::uint8_t> first;
      for (int rank = 0; rank < ranks; ++rank) {
        store::LedgerTask stored = ledger_of(instances, {0, 6});
        if (instances == 5) stored.cells.own[3].states.assign(7, CellState::not_done);
        table::TaskCells cells = table_of(instances + 1);
        plan::Tally before = nothing_before();
        const auto held = taken(std::move(stored), cells, before, kAll, rank, ranks);
        if (rank == 0) first = held;
        EXPECT_EQ(held, first) << "rank " << rank << " of " << ranks;
        for (const table::CellBlock& block : cells.own) {
          EXPECT_EQ(block.instance % ranks, rank);
          ++owners[static_cast<std::size_t>(block.instance)];
        }
      }
      for (std::int64_t i = 0; i < instances; ++i)
        EXPECT_EQ(owners[static_cast<std::size_t>(i)], instances == 5 && i == 3 ? 0 : 1)
            << i << ", " << ranks;
    }
  }
}

TEST(TakeOver, CellsOfSeveralEnvironments) {
  store::LedgerTask stored = ledger_of(2, {0});
  stored.cells.own[1].environment.assign(7, 1);  // the ledger of a run that changed places before
  table::TaskCells cells = table_of(2);
  cells.by_environment = true;
  plan::Tally before = nothing_before();
  taken(std::move(stored), cells, before);
  EXPECT_EQ(cells.own[0].environment, std::vector<std::uint8_t>(7, 0));
  EXPECT_EQ(cells.own[1].environment, std::vector<std::uint8_t>(7, 1));
  table::TaskCells alone = table_of(2);
  taken(ledger_of(2, {0}), alone, before);
  EXPECT_TRUE(alone.own[0].environment.empty());
}

plan::Unit unit_of(std::int64_t id, std::int32_t load, std::int64_t begin, std::int64_t end,
                   std::int64_t group_begin, std::int64_t group_end, bool owns_plain, double cost) {
  return {id, plan::Stage::heads, load, begin, end, group_begin, group_end, owns_plain, cost};
}

// {load, first instance, end, first layer, end, owns the plain column, cost}
using Part = std::tuple<int, int, int, int, int, bool, double>;
std::vector<Part> parts_of(const std::vector<plan::Unit>& units) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const plan::Unit& unit = units[i];
    EXPECT_EQ(unit.id, static_cast<std::int64_t>(i)) << "units are numbered anew";
    parts.emplace_back(unit.load, unit.instance_begin, unit.instance_end, unit.group_begin, unit.group_end,
                       unit.owns_plain, unit.cost);
  }
  return parts;
}

double cost_of(const std::vector<plan::Unit>& units) {
  return std::accumulate(units.begin(), units.end(), 0.0,
                         [](double sum, const plan::Unit& unit) { return sum + unit.cost; });
}

// One task, two instances a bundle of its own each.
const std::vector<engine::Kind> kTwo{{"vqa", {{{0, 0}}, {{0, 1}}}}};

Held held_of(const std::vector<std::vector<int>>& rows) {
  std::vector<std::uint8_t> table;
  for (const auto& row : rows) table.insert(table.end(), row.begin(), row.end());
  return {table};
}

TEST(LeftOfHeads, NothingTakenOverLeavesTheUnits) {
  const std::vector<plan::Unit> units{unit_of(7, 0, 0, 2, 0, 3, true, 12)};
  const auto left = left_of(units, kTwo, kShape, kAll, {});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, 7) << "not even numbered anew";
  EXPECT_TRUE(left_of({}, kTwo, kShape, kAll, {}).empty());
}

TEST(LeftOfHeads, IsCutAtHeldLayersAndInstances) {
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 2, 0, 3, true, 12)};
  // Nothing held: a part an instance, the plain column with each, and no cost lost.
  const auto all =
      left_of(units, kTwo, kShape, kAll, held_of({{0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}}));
  EXPECT_EQ(parts_of(all), (std::vector<Part>{{0, 0, 1, 0, 3, true, 6}, {0, 1, 2, 0, 3, true, 6}}));
  // The middle layer of the first instance is done, and all of the second.
  EXPECT_EQ(
      parts_of(left_of(units, kTwo, kShape, kAll, held_of({{1, 0, 0, 1, 1, 0, 1}, {1, 1, 1, 1, 1, 1, 1}}))),
      (std::vector<Part>{{0, 0, 1, 0, 1, false, 2}, {0, 0, 1, 2, 3, false, 2}}));
  // One missing head is enough for its layer; neighbouring layers stay together.
  EXPECT_EQ(
      parts_of(left_of(units, kTwo, kShape, kAll, held_of({{1, 1, 1, 1, 0, 0, 1}, {1, 1, 1, 1, 1, 1, 0}}))),
      (std::vector<Part>{{0, 0, 1, 1, 3, false, 4}, {0, 1, 2, 2, 3, false, 2}}));
  EXPECT_TRUE(
      left_of(units, kTwo, kShape, kAll, held_of({{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}})).empty());
}

TEST(LeftOfHeads, ThePlainColumnGoesWithTheUnitThatOwnsIt) {
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 1, 0, 1, true, 3),
                                      unit_of(1, 0, 0, 1, 1, 3, false, 4)};
  // Missing alone, it brings its unit's first layer; the unit that does not own it is done.
  EXPECT_EQ(parts_of(left_of(units, kTwo, kShape, kAll, held_of({{0, 1, 1, 1, 1, 1, 1}}))),
            (std::vector<Part>{{0, 0, 1, 0, 1, true, 3}}));
  // Held, nobody owns it.
  EXPECT_EQ(parts_of(left_of(units, kTwo, kShape, kAll, held_of({{1, 0, 1, 1, 1, 0, 0}}))),
            (std::vector<Part>{{0, 0, 1, 0, 1, false, 3}, {0, 0, 1, 2, 3, false, 2}}));
  // Missing with a later layer: two parts, the first alone owns it.
  const std::vector<plan::Unit> whole{unit_of(0, 0, 0, 1, 0, 3, true, 9)};
  EXPECT_EQ(parts_of(left_of(whole, kTwo, kShape, kAll, held_of({{0, 1, 1, 1, 1, 0, 1}}))),
            (std::vector<Part>{{0, 0, 1, 0, 1, true, 3}, {0, 0, 1, 2, 3, false, 3}}));
  // Where heads are asked of later layers alone, a unit's first layer is not the model's.
  const std::vector<bool> asked{true, false, false, true, false, true, true};
  const std::vector<plan::Unit> later{unit_of(0, 0, 0, 1, 1, 3, true, 4)};
  EXPECT_EQ(parts_of(left_of(later, kTwo, kShape, asked, held_of({{0, 0, 0, 1, 0, 1, 1}}))),
            (std::vector<Part>{{0, 0, 1, 1, 2, true, 2}}));
}

TEST(LeftOfHeads, WhatIsNotAskedForIsNotMissing) {
  const std::vector<bool> asked{true, true, false, false, false, true, false};
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 1, 0, 3, true, 3)};
  EXPECT_EQ(parts_of(left_of(units, kTwo, kShape, asked, held_of({{1, 0, 0, 0, 0, 0, 0}}))),
            (std::vector<Part>{{0, 0, 1, 0, 1, false, 1}, {0, 0, 1, 2, 3, false, 1}}));
  EXPECT_TRUE(left_of(units, kTwo, kShape, asked, held_of({{1, 1, 0, 0, 0, 1, 0}})).empty());
}

TEST(LeftOfHeads, ABundleMissesWhatAnyMemberMisses) {
  // Kind 1: the second instance of task 0 and the first of task 1 show one picture.
  const std::vector<engine::Kind> kinds{{"vqa", {{{0, 0}}}}, {"ocr+vqa", {{{1, 0}, {0, 1}}}}};
  Held held{std::vector<std::uint8_t>(14, 1), std::vector<std::uint8_t>(7, 1)};
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 1, 0, 3, true, 3), unit_of(1, 1, 0, 1, 0, 3, true, 6)};
  held[0][7 + 4] = 0;  // task 0, second instance, layer 1
  EXPECT_EQ(parts_of(left_of(units, kinds, kShape, kAll, held)),
            (std::vector<Part>{{1, 0, 1, 1, 2, false, 2}}));
  held[1][0] = 0;  // task 1, plain
  EXPECT_EQ(parts_of(left_of(units, kinds, kShape, kAll, held)),
            (std::vector<Part>{{1, 0, 1, 0, 2, true, 4}}));
}

TEST(LeftOfHeads, InterventionsOfAnAblationAreItsLayers) {
  const table::Shape shape{3, 2, 4, 4};
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 1, 0, 4, true, 8)};
  EXPECT_EQ(parts_of(left_of(units, kTwo, shape, std::vector<bool>(5, true), held_of({{1, 0, 1, 0, 0}}))),
            (std::vector<Part>{{0, 0, 1, 0, 1, false, 2}, {0, 0, 1, 2, 4, false, 4}}));
}

// Whatever is held: parts hold every missing cell once, and cost what their share of layers and instances
// does.
TEST(LeftOfHeads, PartsCoverWhatIsMissingOnceAndCostTheirShare) {
  const std::vector<plan::Unit> units{unit_of(0, 0, 0, 2, 0, 2, true, 8),
                                      unit_of(1, 0, 0, 2, 2, 3, false, 4)};
  for (int bits = 0; bits < 1 << 8; ++bits) {
    // Of each instance a bit for the plain column, and one a layer.
    Held held(1);
    for (int i = 0; i < 2; ++i) {
      held[0].push_back(bits >> (4 * i) & 1);
      for (int layer = 0; layer < 3; ++layer)
        held[0].insert(held[0].end(), 2, bits >> (4 * i + 1 + layer) & 1);
    }
    std::vector<int> layers(6, 0), plain(2, 0);
    const auto left = left_of(units, kTwo, kShape, kAll, held);
    for (const plan::Unit& part : left) {
      ASSERT_EQ(part.instance_end, part.instance_begin + 1);
      for (std::int64_t l = part.group_begin; l < part.group_end; ++l)
        ++layers[static_cast<std::size_t>(3 * part.instance_begin + l)];
      plain[static_cast<std::size_t>(part.instance_begin)] += part.owns_plain;
    }
    int parted = 0;
    for (int i = 0; i < 2; ++i) {
      const bool misses_plain = (bits >> (4 * i) & 1) == 0;
      EXPECT_EQ(plain[static_cast<std::size_t>(i)], misses_plain) << bits;
      for (int layer = 0; layer < 3; ++layer) {
        const bool misses = (bits >> (4 * i + 1 + layer) & 1) == 0 || (layer == 0 && misses_plain);
        EXPECT_EQ(layers[static_cast<std::size_t>(3 * i + layer)], misses) << bits;
        parted += misses;
      }
    }
    EXPECT_DOUBLE_EQ(cost_of(left), 2.0 * parted) << bits;  // both units: 2 a layer of an instance
  }
}

TEST(LeftOfNeurons, IsCutAtInstancesInTheSums) {
  std::vector<plan::Unit> units{unit_of(0, 0, 0, 5, 0, 3, false, 10), unit_of(1, 1, 0, 2, 0, 3, false, 6)};
  for (plan::Unit& unit : units) unit.stage = plan::Stage::neurons;
  EXPECT_EQ(
      parts_of(left_of(units, {{0, 0, 1, 0, 0}, {1, 0}})),
      (std::vector<Part>{{0, 0, 2, 0, 3, false, 4}, {0, 3, 5, 0, 3, false, 4}, {1, 1, 2, 0, 3, false, 3}}));
  EXPECT_EQ(parts_of(left_of(units, {{0, 0, 0, 0, 0}, {0, 0}})),
            (std::vector<Part>{{0, 0, 5, 0, 3, false, 10}, {1, 0, 2, 0, 3, false, 6}}));
  EXPECT_EQ(parts_of(left_of(units, {{1, 1, 1, 1, 0}, {1, 1}})),
            (std::vector<Part>{{0, 4, 5, 0, 3, false, 2}}));
  EXPECT_TRUE(left_of(units, {{1, 1, 1, 1, 1}, {1, 1}}).empty());
  EXPECT_EQ(left_of(units, {{0, 1, 0, 1, 0}, {1, 1}})[2].stage, plan::Stage::neurons);
}

// A block of one instance of task `task` over the columns [begin, begin + states).
engine::Work::Block block_of(std::int32_t task, std::int64_t instance, std::int64_t begin,
                             std::vector<CellState> states) {
  engine::Work::Block block;
  block.task = task;
  block.cells.instance = instance;
  block.cells.begin = begin;
  block.cells.utility.assign(states.size(), 0.5);
  block.cells.answer_logprob.assign(states.size(), -2);
  block.cells.states = std::move(states);
  return block;
}

TEST(DropHeld, TheLedgersCellsStay) {
  using enum CellState;
  engine::Work work;
  work.blocks = {block_of(0, 1, 1, {changed, unchanged, not_asked, invalid}),
                 block_of(1, 0, 0, {unchanged, invalid})};
  work.cells = 5;
  work.invalid_by_task = {1, 1};
  Held held{std::vector<std::uint8_t>(14, 0), std::vector<std::uint8_t>(7, 0)};
  held[0][7 + 1] = held[0][7 + 3] = held[0][7 + 4] = 1;  // a changed one, one not asked for, an invalid one
  held[0][1] = 1;                                        // of an instance that was not computed
  held[1][0] = 1;
  drop_held(work, held, kShape);
  EXPECT_EQ(work.blocks[0].cells.states, (std::vector<CellState>{not_done, unchanged, not_asked, not_done}));
  EXPECT_EQ(work.blocks[1].cells.states, (std::vector<CellState>{not_done, invalid}));
  EXPECT_EQ(work.cells, 2);
  EXPECT_EQ(work.invalid_by_task, (std::vector<std::int64_t>{0, 1}));
  EXPECT_TRUE(std::isnan(work.blocks[0].cells.utility[0]));
  EXPECT_TRUE(std::isnan(work.blocks[0].cells.answer_logprob[0]));
  EXPECT_EQ(work.blocks[0].cells.utility[1], 0.5);
  EXPECT_EQ(work.blocks[0].cells.utility[2], 0.5) << "nobody computed it";
}

TEST(DropHeld, NothingTakenOverDropsNothing) {
  engine::Work work;
  work.blocks = {block_of(0, 0, 0, {CellState::unchanged})};
  work.cells = 1;
  work.invalid_by_task = {0};
  drop_held(work, {}, kShape);
  EXPECT_EQ(work.cells, 1);
  EXPECT_EQ(work.blocks[0].cells.states[0], CellState::unchanged);
}

}  // namespace
}  // namespace hones::sweep
