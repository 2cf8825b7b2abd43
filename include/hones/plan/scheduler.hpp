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
  virtual void add(std::vector<Unit> units) = 0;
  // The next unit for `rank` at `now` (seconds since the start), or a grant that says wait / stage_done.
  virtual Grant next(int rank, double now) = 0;
  // Must name a unit granted to outcome.rank and not done yet; throws InternalError otherwise.
  virtual void done(const Outcome& outcome, double now) = 0;
  virtual bool finished() const = 0;

  struct Progress {
    std::int64_t units_all = 0, units_done = 0;
    double cost_all = 0, cost_done = 0;
    std::vector<double> busy_seconds;            // per rank
    std::vector<std::int64_t> running;           // per rank: unit id or -1
    std::optional<double> eta_seconds(double now) const;
    double started = 0;
  };
  virtual Progress progress() const = 0;
};

// Longest first, ties by id: the default. While units are left, a rank is never told to wait, and so that every rank takes
// part, the first grants go out one per rank: with at least as many units as ranks no rank ends with none (a rank that has had
// none is served before the last units run out).
std::unique_ptr<Scheduler> longest_first(int ranks);

// A seeded random order, for the same-bits tests.
std::unique_ptr<Scheduler> shuffled(int ranks, std::uint64_t seed);

}  // namespace hones::plan
