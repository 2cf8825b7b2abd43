// A simulation drives the scheduler as ranks would: each asks, works, reports, asks again.
#include <functional>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/plan/planner.hpp>
#include <hones/plan/scheduler.hpp>

namespace hones::plan {
namespace {

std::vector<Unit> units_of(const std::vector<double>& costs) {
  std::vector<Unit> units;
  for (const double cost : costs) {
    Unit unit;
    unit.id = static_cast<std::int64_t>(units.size());
    unit.cost = cost;
    units.push_back(unit);
  }
  return units;
}

struct Simulated {
  std::map<std::int64_t, int> granted;  // unit -> times
  std::vector<int> by_rank;             // units each rank computed
  std::vector<std::int64_t> order;
  double seconds = 0;
};

// Rank r joins at r * `join` seconds and computes `speed(r)` cost a second; a rank that is told to wait asks
// again.
Simulated simulate(Scheduler& scheduler, int ranks, double join, const std::function<double(int)>& speed) {
  struct Event {
    double time;
    int rank;
    Unit unit;
    bool has_unit;
    bool operator>(const Event& other) const {
      return std::tie(time, rank) > std::tie(other.time, other.rank);
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  for (int r = 0; r < ranks; ++r) events.push({r * join, r, {}, false});
  Simulated result;
  result.by_rank.assign(static_cast<std::size_t>(ranks), 0);
  while (!events.empty()) {
    const Event event = events.top();
    events.pop();
    result.seconds = event.time;
    if (event.has_unit) {
      Outcome outcome;
      outcome.rank = event.rank;
      outcome.has_unit = true;
      outcome.unit = event.unit.id;
      outcome.seconds = event.unit.cost / speed(event.rank);
      scheduler.done(outcome, event.time);
    }
    const Grant grant = scheduler.next(event.rank, event.time);
    if (grant.kind == Grant::Kind::unit) {
      ++result.granted[grant.unit.id];
      ++result.by_rank[static_cast<std::size_t>(event.rank)];
      result.order.push_back(grant.unit.id);
      events.push({event.time + grant.unit.cost / speed(event.rank), event.rank, grant.unit, true});
    } else if (grant.kind == Grant::Kind::wait) {
      events.push({event.time + 0.25, event.rank, {}, false});
    }
  }
  return result;
}

double even(int) {
  return 1;
}
double one_slow(int rank) {
  return rank == 0 ? 0.1 : 1;
}

TEST(Scheduler, EveryUnitOnceAndEveryRankTakesPart) {
  for (const int ranks : {1, 2, 3, 4, 9}) {
    for (const std::size_t count : {0u, 1u, 2u, 3u, 4u, 9u, 40u}) {
      for (const auto& speed : {even, one_slow}) {
        for (const double join : {0.0, 3.0}) {
          std::vector<double> costs(count);
          for (std::size_t i = 0; i < count; ++i) costs[i] = 1 + static_cast<double>(i * 7 % 5);
          for (const bool random : {false, true}) {
            const auto scheduler = random ? shuffled(ranks, 11) : longest_first(ranks);
            scheduler->add(units_of(costs));
            const auto result = simulate(*scheduler, ranks, join, speed);
            EXPECT_TRUE(scheduler->finished());
            EXPECT_EQ(result.granted.size(), count);
            for (const auto& [unit, times] : result.granted) EXPECT_EQ(times, 1);
            int busy = 0;
            for (const int n : result.by_rank) busy += n > 0;
            EXPECT_EQ(busy, std::min(ranks, static_cast<int>(count)))
                << ranks << " ranks, " << count << " units";
          }
        }
      }
    }
  }
}

TEST(Scheduler, LongestFirstTiesById) {
  const auto scheduler = longest_first(1);
  scheduler->add(units_of({2, 5, 2, 9, 5}));
  EXPECT_EQ(simulate(*scheduler, 1, 0, even).order, (std::vector<std::int64_t>{3, 1, 4, 0, 2}));
}

TEST(Scheduler, UnitsMayBeAddedLater) {
  const auto scheduler = longest_first(1);
  scheduler->add(units_of({2, 5}));
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 1);
  auto more = units_of({0, 0, 7});
  more.erase(more.begin(), more.begin() + 2);
  scheduler->add(more);
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 2);
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 0);
  EXPECT_THROW(scheduler->add(more), InternalError);
}

TEST(Scheduler, LongestFirstKeepsTheEndShort) {
  // One long unit among many short ones, last in id order: started last it would be the whole run again.
  std::vector<double> costs(30, 1);
  costs.back() = 10;
  const auto scheduler = longest_first(4);
  scheduler->add(units_of(costs));
  EXPECT_LE(simulate(*scheduler, 4, 0, even).seconds, 11);  // 39 / 4, and one unit
}

TEST(Scheduler, ShuffledIsAFunctionOfItsSeed) {
  const auto order = [](std::uint64_t seed) {
    const auto scheduler = shuffled(2, seed);
    scheduler->add(units_of(std::vector<double>(20, 1)));
    return simulate(*scheduler, 2, 0, even).order;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(Scheduler, TheLastUnitsAreKeptForRanksThatHadNone) {
  const auto scheduler = longest_first(3);
  scheduler->add(units_of({3, 2, 1}));
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 0);
  EXPECT_EQ(scheduler->next(0, 1).kind, Grant::Kind::wait);
  EXPECT_EQ(scheduler->next(2, 2).unit.id, 1);
  EXPECT_EQ(scheduler->next(2, 2).kind, Grant::Kind::wait);
  EXPECT_EQ(scheduler->next(1, 3).unit.id, 2);
  EXPECT_FALSE(scheduler->finished());  // granted, not done
}

TEST(Scheduler, DismissesNobodyWhileAUnitRuns) {
  const auto scheduler = longest_first(2);
  scheduler->add(units_of({3, 2}));
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 0);
  EXPECT_EQ(scheduler->next(1, 0).unit.id, 1);
  const auto outcome = [](int rank, std::int64_t unit) {
    Outcome result;
    result.rank = rank;
    result.unit = unit;
    result.has_unit = true;
    return result;
  };
  scheduler->done(outcome(1, 1), 2);
  EXPECT_EQ(scheduler->next(1, 2).kind, Grant::Kind::wait);
  scheduler->done(outcome(0, 0), 3);
  EXPECT_EQ(scheduler->next(0, 3).kind, Grant::Kind::stage_done);
  EXPECT_EQ(scheduler->next(1, 3).kind, Grant::Kind::stage_done);
}

TEST(Scheduler, RefusesOutcomesThatCannotBe) {
  const auto scheduler = longest_first(2);
  scheduler->add(units_of({3, 2, 1}));
  const auto outcome = [](int rank, std::int64_t unit, bool has_unit = true) {
    Outcome result;
    result.rank = rank;
    result.unit = unit;
    result.has_unit = has_unit;
    return result;
  };
  ASSERT_EQ(scheduler->next(0, 0).unit.id, 0);
  EXPECT_THROW(scheduler->done(outcome(1, 0), 1), InternalError);         // another's
  EXPECT_THROW(scheduler->done(outcome(0, 1), 1), InternalError);         // not granted
  EXPECT_THROW(scheduler->done(outcome(0, 7), 1), InternalError);         // unknown
  EXPECT_THROW(scheduler->done(outcome(0, 0, false), 1), InternalError);  // no unit at all
  EXPECT_THROW(scheduler->done(outcome(2, 0), 1), InternalError);         // no such rank
  scheduler->done(outcome(0, 0), 1);
  EXPECT_THROW(scheduler->done(outcome(0, 0), 2), InternalError);  // twice
  EXPECT_EQ(scheduler->progress().units_done, 1);
  EXPECT_THROW((void)scheduler->next(-1, 2), InternalError);
}

TEST(Scheduler, TellsProgressAndTimeLeft) {
  const auto scheduler = longest_first(2);
  scheduler->add(units_of({6, 3, 1}));
  EXPECT_FALSE(scheduler->progress().eta_seconds(100));
  EXPECT_EQ(scheduler->progress().running, (std::vector<std::int64_t>{-1, -1}));
  (void)scheduler->next(0, 10);
  (void)scheduler->next(1, 10);
  (void)scheduler->next(1, 10);  // asked ahead
  auto progress = scheduler->progress();
  EXPECT_EQ(progress.running, (std::vector<std::int64_t>{0, 1}));
  EXPECT_FALSE(progress.eta_seconds(11));
  Outcome outcome;
  outcome.rank = 1;
  outcome.has_unit = true;
  outcome.unit = 1;
  outcome.seconds = 2.5;
  scheduler->done(outcome, 13);
  progress = scheduler->progress();
  EXPECT_EQ(progress.units_all, 3);
  EXPECT_EQ(progress.units_done, 1);
  EXPECT_DOUBLE_EQ(progress.cost_all, 10);
  EXPECT_DOUBLE_EQ(progress.cost_done, 3);
  EXPECT_EQ(progress.busy_seconds, (std::vector<double>{0, 2.5}));
  EXPECT_EQ(progress.running, (std::vector<std::int64_t>{0, 2}));
  ASSERT_TRUE(progress.eta_seconds(13));
  EXPECT_DOUBLE_EQ(*progress.eta_seconds(13), 7 * 2.5 / 3 / 2);  // 3 took 2.5 s, 7 are left for two ranks
  outcome.unit = 2;
  scheduler->done(outcome, 14);
  outcome.rank = 0;
  outcome.unit = 0;
  scheduler->done(outcome, 15);
  EXPECT_TRUE(scheduler->finished());
  EXPECT_DOUBLE_EQ(*scheduler->progress().eta_seconds(15), 0);
}

Outcome outcome_of(int rank, const Unit& unit, double seconds) {
  Outcome outcome;
  outcome.rank = rank;
  outcome.has_unit = true;
  outcome.unit = unit.id;
  outcome.seconds = seconds;
  return outcome;
}

TEST(Scheduler, LearnsWhatUnitsOfALoadTake) {
  const auto scheduler = longest_first(1);
  std::vector<Unit> units = units_of({10, 9, 4, 3});
  units[1].load = units[3].load = 1;  // priced lower than they are
  scheduler->add(units);
  EXPECT_FALSE(scheduler->expected_seconds(units[2]));
  Grant grant = scheduler->next(0, 0);
  EXPECT_EQ(grant.unit.id, 0);
  scheduler->done(outcome_of(0, grant.unit, 20), 20);
  EXPECT_DOUBLE_EQ(*scheduler->expected_seconds(units[2]), 8);  // its load: 2 s a cost
  EXPECT_DOUBLE_EQ(*scheduler->expected_seconds(units[3]), 6);  // another load, by all there is
  grant = scheduler->next(0, 20);
  EXPECT_EQ(grant.unit.id, 1);
  scheduler->done(outcome_of(0, grant.unit, 90), 110);
  EXPECT_DOUBLE_EQ(*scheduler->expected_seconds(units[3]), 30);
  EXPECT_EQ(scheduler->next(0, 110).unit.id, 3);  // 30 s before 8 s, whatever the planner thought
  EXPECT_DOUBLE_EQ(*scheduler->progress().eta_seconds(110), 38);
}

TEST(Scheduler, NothingIsGrantedThatCannotEndInTime) {
  const auto scheduler = longest_first(2);
  const std::vector<Unit> units = units_of({10, 10, 2});
  scheduler->add(units);
  const Grant first = scheduler->next(0, 0, 100);
  EXPECT_EQ(first.kind, Grant::Kind::unit);  // nothing is known yet
  scheduler->done(outcome_of(0, first.unit, 20), 20);
  const Grant small = scheduler->next(0, 20, 25);  // 20 s and caution do not fit, 4 s do
  ASSERT_EQ(small.kind, Grant::Kind::unit);
  EXPECT_EQ(small.unit.id, 2);
  EXPECT_FALSE(scheduler->out_of_time());
  EXPECT_EQ(scheduler->next(1, 21, 24).kind, Grant::Kind::wait);
  EXPECT_TRUE(scheduler->out_of_time());
}

TEST(Scheduler, AheadOfTimeWhereMuchIsLeft) {
  const auto scheduler = longest_first(2);
  scheduler->add(units_of({11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 0);
  EXPECT_EQ(scheduler->next(1, 0).unit.id, 1);
  const auto ahead = scheduler->ahead(0);  // nine are left, eight of them for whoever is free
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->id, 2);
  EXPECT_FALSE(scheduler->ahead(1));
  EXPECT_EQ(scheduler->progress().running, (std::vector<std::int64_t>{0, 1}));
  scheduler->give_back(0, 2);
  EXPECT_THROW(scheduler->give_back(0, 2), InternalError);
  EXPECT_EQ(scheduler->ahead(1)->id, 2);  // the longest again
  EXPECT_THROW(scheduler->give_back(0, 2), InternalError);
  EXPECT_EQ(scheduler->next(0, 0).unit.id, 3);
}

TEST(Scheduler, NothingIsPromisedNearTheEndOfTime) {
  const auto scheduler = longest_first(1);
  const std::vector<Unit> units = units_of({10, 10, 10, 10, 10, 10, 10});
  scheduler->add(units);
  const Grant first = scheduler->next(0, 0, 1000);
  EXPECT_FALSE(scheduler->ahead(0, 1000));  // nothing is known yet
  scheduler->done(outcome_of(0, first.unit, 20), 20);
  ASSERT_EQ(scheduler->next(0, 20, 1000).kind, Grant::Kind::unit);
  EXPECT_FALSE(scheduler->ahead(0, 59));  // 40 s for both, and caution
  EXPECT_FALSE(scheduler->out_of_time());
  EXPECT_TRUE(scheduler->ahead(0, 61));
}

TEST(Scheduler, FewerUnitsThanRanksAreGrantedInParts) {
  const auto scheduler = longest_first(4);
  Unit unit;
  unit.group_begin = 2;
  unit.group_end = 9;
  unit.owns_plain = true;
  unit.cost = 7;
  scheduler->add({unit});
  std::vector<Unit> parts;
  for (int rank = 0; rank < 4; ++rank) {
    const Grant grant = scheduler->next(rank, 0);
    ASSERT_EQ(grant.kind, Grant::Kind::unit) << rank;
    parts.push_back(grant.unit);
  }
  std::vector<int> layers(12, 0);
  std::set<std::int64_t> ids;
  double cost = 0;
  int plain = 0;
  for (const Unit& part : parts) {
    for (std::int64_t l = part.group_begin; l < part.group_end; ++l) ++layers[static_cast<std::size_t>(l)];
    ids.insert(part.id);
    cost += part.cost;
    plain += part.owns_plain;
  }
  // What is left in the queue is granted as ranks come back.
  while (!scheduler->finished()) {
    const Unit part = parts.back();
    parts.pop_back();
    scheduler->done(outcome_of(static_cast<int>(parts.size()), part, part.cost), 1);
    const Grant grant = scheduler->next(static_cast<int>(parts.size()), 1);
    if (grant.kind != Grant::Kind::unit) continue;
    for (std::int64_t l = grant.unit.group_begin; l < grant.unit.group_end; ++l)
      ++layers[static_cast<std::size_t>(l)];
    ids.insert(grant.unit.id);
    cost += grant.unit.cost;
    plain += grant.unit.owns_plain;
    parts.push_back(grant.unit);
  }
  EXPECT_EQ(layers, (std::vector<int>{0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0}));
  EXPECT_DOUBLE_EQ(cost, 7);
  EXPECT_EQ(plain, 1);
  EXPECT_EQ(static_cast<std::int64_t>(ids.size()), scheduler->progress().units_all);
}

}  // namespace
}  // namespace hones::plan
