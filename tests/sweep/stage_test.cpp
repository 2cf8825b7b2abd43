// One stage with units that only count, on any number of ranks: every unit is done once, whatever is granted
// ahead, called back for a checkpoint, stopped and gone on with.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include <hones/comm/session.hpp>
#include <hones/sweep/stage.hpp>

namespace hones::sweep {
namespace {

class StageTest : public testing::Test {
 protected:
  comm::Session session_{nullptr, nullptr};
  comm::Communicator& world_ = session_.world();

  std::vector<std::int64_t> summed(std::vector<std::int64_t> values) {
    comm::finish(world_.sum({values}), comm::after(std::chrono::seconds(20)), "sum");
    return values;
  }
};

constexpr double kPatience = 20;  // s

// What a rank has done; a unit takes `unit_time`, and those of rank 0 twice as long.
struct Course {
  comm::Communicator& world;
  std::vector<std::int64_t> done;  // times, by unit
  std::chrono::microseconds unit_time{500};
  bool in_work = false;
  std::int64_t checkpoints = 0;

  StageHooks hooks() {
    StageHooks hooks;
    hooks.work = [this](const plan::Unit& unit) {
      in_work = true;
      std::this_thread::sleep_for(world.rank() == 0 ? 2 * unit_time : unit_time);
      ++done.at(static_cast<std::size_t>(unit.id));
      in_work = false;
      plan::Tally tally;
      tally.cells = 1;
      return tally;
    };
    hooks.verdict = [](const StageSummary&) { return std::pair(0, std::string()); };
    hooks.stop_asked = [] { return false; };
    hooks.checkpoint = [this](const StageSummary&) {
      EXPECT_FALSE(in_work);
      ++checkpoints;
      comm::finish(world.barrier(), comm::after(std::chrono::seconds(20)),
                   "checkpoint");  // as collective as a real one
    };
    return hooks;
  }
};

std::unique_ptr<plan::Scheduler> scheduler_of(const std::vector<std::int64_t>& done, int ranks) {
  auto scheduler = plan::longest_first(ranks);
  std::vector<plan::Unit> units;
  for (std::size_t id = 0; id < done.size(); ++id) {
    if (done[id] > 0) continue;
    plan::Unit unit;
    unit.id = static_cast<std::int64_t>(id);
    unit.cost = 1;
    units.push_back(unit);
  }
  scheduler->add(std::move(units));
  return scheduler;
}

TEST_F(StageTest, EveryUnitIsDoneOnceAndMostAreGrantedAhead) {
  Course course{world_, std::vector<std::int64_t>(200, 0)};
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), course.hooks(), kPatience);
  EXPECT_EQ(summed(course.done), std::vector<std::int64_t>(200, 1));
  EXPECT_EQ(summary.cells, 200);
  EXPECT_EQ(summary.grants, 200);
  EXPECT_GT(summary.ahead, 100);
  EXPECT_LE(summary.ahead, 200 - world_.size());  // the first of each rank is not
  EXPECT_EQ(course.checkpoints, 0);
  EXPECT_FALSE(summary.stopped);
  EXPECT_FALSE(summary.out_of_time);
}

TEST_F(StageTest, FewUnitsAreNotGrantedAhead) {
  Course course{world_, std::vector<std::int64_t>(static_cast<std::size_t>(2 * world_.size()), 0)};
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), course.hooks(), kPatience);
  EXPECT_EQ(summed(course.done), std::vector<std::int64_t>(course.done.size(), 1));
  EXPECT_EQ(summary.ahead, 0);
}

TEST_F(StageTest, CheckpointsFindNobodyAtWork) {
  Course course{world_, std::vector<std::int64_t>(300, 0)};
  StageHooks hooks = course.hooks();
  hooks.first_checkpoint = hooks.next_checkpoint = 0.01;
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
  EXPECT_EQ(summed(course.done), std::vector<std::int64_t>(300, 1));
  EXPECT_EQ(summary.cells, 300);
  EXPECT_GE(course.checkpoints, 2);
  EXPECT_EQ(summed({course.checkpoints})[0], course.checkpoints * world_.size());
}

// A checkpoint falls due while every rank is at work on its second unit and holds a third.
TEST_F(StageTest, WhatIsHeldAheadIsGivenBackForACheckpoint) {
  Course course{world_, std::vector<std::int64_t>(static_cast<std::size_t>(9 * world_.size()), 0)};
  StageHooks hooks = course.hooks();
  hooks.work = [&](const plan::Unit& unit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ++course.done.at(static_cast<std::size_t>(unit.id));
    plan::Tally tally;
    tally.cells = 1;
    return tally;
  };
  hooks.first_checkpoint = 0.4;
  hooks.next_checkpoint = 1000;
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
  EXPECT_EQ(summed(course.done), std::vector<std::int64_t>(course.done.size(), 1));
  EXPECT_EQ(course.checkpoints, 1);
  EXPECT_GT(summary.grants, summary.cells);  // granted again
}

TEST_F(StageTest, StoppedAndGoneOnWith) {
  std::vector<std::int64_t> all(200, 0);
  std::int64_t starts = 0;
  while (std::count(all.begin(), all.end(), 0) > 0) {
    ASSERT_LT(++starts, 20);
    Course course{world_, std::vector<std::int64_t>(200, 0)};
    StageHooks hooks = course.hooks();
    std::atomic<bool> asked{false};
    hooks.work = [&, work = hooks.work](const plan::Unit& unit) {
      const plan::Tally tally = work(unit);
      // The last rank is told first.
      if (world_.rank() == world_.size() - 1 && std::count(course.done.begin(), course.done.end(), 1) == 15)
        asked = true;
      return tally;
    };
    hooks.stop_asked = [&] { return asked.load(); };
    const auto scheduler = world_.rank() == 0 ? scheduler_of(all, world_.size()) : nullptr;
    const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
    const std::vector<std::int64_t> done = summed(course.done);
    std::int64_t cells = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] += done[i];
      cells += done[i];
      ASSERT_LE(all[i], 1) << "unit " << i;
    }
    EXPECT_EQ(summary.cells, cells);
    EXPECT_EQ(course.checkpoints, summary.stopped ? 1 : 0);
  }
  EXPECT_GE(starts, 2);
}

// Time is up once rank 0 has done its third unit.
TEST_F(StageTest, OutOfTimeItStopsBehindACheckpoint) {
  Course course{world_, std::vector<std::int64_t>(300, 0)};
  StageHooks hooks = course.hooks();
  std::atomic<int> of_rank_zero{0};
  hooks.work = [&, work = hooks.work](const plan::Unit& unit) {
    ++of_rank_zero;
    return work(unit);
  };
  hooks.seconds_left = [&] { return of_rank_zero < 3 ? 1000.0 : 0.0; };
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
  EXPECT_TRUE(summary.stopped);
  EXPECT_TRUE(summary.out_of_time);
  EXPECT_EQ(course.checkpoints, 1);
  const std::vector<std::int64_t> done = summed(course.done);
  EXPECT_EQ(summary.cells, std::count(done.begin(), done.end(), 1));
  EXPECT_GE(summary.cells, 3);
  EXPECT_LT(summary.cells, 300);
}

TEST_F(StageTest, ExclusionsComeByTaskAndInstance) {
  Course course{world_, std::vector<std::int64_t>(60, 0)};
  StageHooks hooks = course.hooks();
  hooks.work = [&, work = hooks.work](const plan::Unit& unit) {
    plan::Tally tally = work(unit);
    tally.exclusions.push_back({static_cast<std::int32_t>(unit.id % 3), 59 - unit.id, "broken"});
    return tally;
  };
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
  ASSERT_EQ(summary.exclusions.size(), 60U);
  for (std::int64_t i = 0; i < 60; ++i) {
    const auto& exclusion = summary.exclusions[static_cast<std::size_t>(i)];
    EXPECT_EQ(exclusion.task, i / 20);
    EXPECT_EQ(exclusion.instance, 3 * (i % 20) + 2 - i / 20);
  }
}

TEST_F(StageTest, AFailureEndsItWithoutWhatIsHeldAhead) {
  Course course{world_, std::vector<std::int64_t>(300, 0)};
  StageHooks hooks = course.hooks();
  hooks.verdict = [](const StageSummary& summary) {
    return summary.cells < 40 ? std::pair(0, std::string()) : std::pair(5, std::string("enough"));
  };
  const auto scheduler = world_.rank() == 0 ? scheduler_of(course.done, world_.size()) : nullptr;
  const StageSummary summary = run_stage(world_, scheduler.get(), hooks, kPatience);
  EXPECT_EQ(summary.failure, 5);
  EXPECT_EQ(summary.failure_line, "enough");
  EXPECT_GE(summary.cells, 40);
  EXPECT_LE(summary.cells, 40 + 2 * world_.size());
}

}  // namespace
}  // namespace hones::sweep
