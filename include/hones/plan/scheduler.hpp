// Which unit next, as pure logic with the clock passed in, so that a simulation drives the very same code.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <hones/plan/unit.hpp>

namespace hones::plan {

inline constexpr double kEver = std::numeric_limits<double>::infinity();
// A unit is expected to need this much more than units like it have: none may be cut off by the allocation's
// end.
inline constexpr double kCaution = 1.5;

// Policy object. Not thread-safe: its owner (rank 0's grant thread) holds it.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Ids must be new to this scheduler (InternalError).
  virtual void add(std::vector<Unit> units) = 0;
  // The next unit for `rank` at `now` (seconds since the start), or a grant that says wait / stage_done. A
  // rank may hold several units (it asks before it has ended the last one). stage_done: every unit is
  // done. Until then a rank without work waits by asking again, so that what follows the stage (a
  // collective with a deadline) does not wait for the slowest unit. While fewer units than ranks are left, a
  // unit of several layers (or interventions) is granted in parts.
  // seconds_left: of the allocation. A unit that is not expected to be done by then is not granted; where
  // none is, the grant says wait, and out_of_time() is true from then on.
  virtual Grant next(int rank, double now, double seconds_left = kEver) = 0;
  virtual bool out_of_time() const = 0;
  // A unit for a rank that has one under way, to be begun behind it; nothing where waiting costs less: with
  // few units left each goes to whoever is free first, and near the allocation's end nothing is promised.
  // Leaves out_of_time() as it is.
  virtual std::optional<Unit> ahead(int rank, double seconds_left = kEver) = 0;
  // A unit granted to `rank` that it has not begun: anybody may have it. InternalError when the rank holds no
  // such.
  virtual void give_back(int rank, std::int64_t unit) = 0;
  // How long a unit of this load and cost takes, by those done; nothing before one is done.
  virtual std::optional<double> expected_seconds(const Unit& unit) const = 0;
  // Must name a unit granted to outcome.rank and not done yet; throws InternalError otherwise.
  virtual void done(const Outcome& outcome, double now) = 0;
  // Every unit added is done.
  virtual bool finished() const = 0;

  struct Progress {
    std::int64_t units_all = 0, units_done = 0;
    double cost_all = 0, cost_done = 0;
    std::vector<double> busy_seconds;   // per rank, of units done
    std::vector<std::int64_t> running;  // per rank: the unit it has held longest, or -1
    double started = 0;                 // the first call of next()
    // Seconds of work left, by what units like those left have taken, over the ranks; nothing before the
    // first unit is done.
    std::optional<double> seconds_left;
    std::optional<double> eta_seconds(double now) const;
  };
  virtual Progress progress() const = 0;
};

// Longest first, ties by id: the default. Costs are those of the planner until units are done, and then by
// what units of their load have taken. Every rank takes part: with at least as many units as ranks no rank
// ends with none, because the last units are reserved for ranks that have had none. A rank is told to wait
// while all that is left is so reserved, and while the others' last units run.
std::unique_ptr<Scheduler> longest_first(int ranks);

// A seeded random order with the same reservation, for the same-bits tests.
std::unique_ptr<Scheduler> shuffled(int ranks, std::uint64_t seed);

}  // namespace hones::plan
