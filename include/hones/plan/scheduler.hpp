// Which unit next, as pure logic with the clock passed in, so that a simulation drives the very same code.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <hones/plan/unit.hpp>

namespace hones::plan {

// Policy object. Not thread-safe: its owner (rank 0's grant thread) holds it.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Ids must be new to this scheduler (InternalError).
  virtual void add(std::vector<Unit> units) = 0;
  // The next unit for `rank` at `now` (seconds since the start), or a grant that says wait / stage_done. A
  // rank may hold several units (it asks before it has ended the last one). stage_done: every unit is
  // done. Until then a rank without work waits by asking again, so that what follows the stage (a
  // collective with a deadline) does not wait for the slowest unit.
  virtual Grant next(int rank, double now) = 0;
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
    // Cost left at the rate of the cost done; nothing before the first unit is done.
    std::optional<double> eta_seconds(double now) const;
  };
  virtual Progress progress() const = 0;
};

// Longest first, ties by id: the default. Every rank takes part: with at least as many units as ranks no rank
// ends with none, because the last units are reserved for ranks that have had none. A rank is told to wait
// while all that is left is so reserved, and while the others' last units run.
std::unique_ptr<Scheduler> longest_first(int ranks);

// A seeded random order with the same reservation, for the same-bits tests.
std::unique_ptr<Scheduler> shuffled(int ranks, std::uint64_t seed);

}  // namespace hones::plan
