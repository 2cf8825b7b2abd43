// One stage of a sweep: rank 0 grants units on demand from a thread of its own while its worker computes too.
// A rank asks for its next unit when it begins one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/plan/scheduler.hpp>
#include <hones/plan/unit.hpp>

namespace hones::sweep {

// What all ranks know after a stage. The tally is that of all starts of the run; the rest is of this one.
struct StageSummary : plan::Tally {
  int failure = 0;  // exit code the run must end with; 0: none
  std::string failure_line;
  std::vector<std::int64_t> cells_by_rank;
  std::int64_t grants = 0;
  std::int64_t ahead = 0;        // of them, made while the rank was at work on the unit before
  double grant_cpu_seconds = 0;  // rank 0's, booking and answering
  bool stopped = false;          // on request or for lack of time, behind a checkpoint
  bool out_of_time = false;

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    Tally::serialize(archive, version);
    archive& failure& failure_line& cells_by_rank& grants& ahead& grant_cpu_seconds& stopped& out_of_time;
  }
};

// What rank 0 watches while a stage runs.
struct StageView {
  const plan::Scheduler::Progress& progress;
  const StageSummary& so_far;
  double now = 0;     // seconds since the stage began
  bool last = false;  // the stage is over
};

struct StageHooks {
  std::function<plan::Tally(const plan::Unit&)> work;  // every rank
  std::function<void(const StageView&)> tick;          // rank 0's grant thread, about once a second
  // Rank 0: whether the run must end, after each outcome; returns {exit code, line}, {0, ""} to go on.
  std::function<std::pair<int, std::string>(const StageSummary&)> verdict;
  // Every rank, any thread: whether it was told to stop. One that was is enough.
  std::function<bool()> stop_asked;
  // Collective, while no unit is under way: saves what the units booked in the summary have left.
  std::function<void(const StageSummary&)> checkpoint;
  // Rank 0: seconds until the allocation ends, a checkpoint's time taken off; may be empty: there is no end.
  // What is not expected to be done by then is not granted, and the stage stops behind a checkpoint.
  std::function<double()> seconds_left;
  // How an error names a rank; may be empty.
  std::function<std::string(int rank)> rank_name;
  // Seconds from the stage's begin to its first checkpoint, and from the end of one to the next.
  double first_checkpoint = 600, next_checkpoint = 600;
};

// Collective. `scheduler` is used on rank 0 only (null elsewhere). Throws what `work` throws; the caller must
// then abort the job, because the other ranks wait. patience: seconds after which an unanswered request, or a
// rank missing at a checkpoint or the stage's end, is an error. A unit may take longer: a rank that has not
// been heard of for patience and ten times what its unit is expected to take is given up, and the job with
// it. `before` (rank 0's) is what earlier starts of the run have booked.
StageSummary run_stage(comm::Communicator& world, plan::Scheduler* scheduler, const StageHooks& hooks,
                       double patience, plan::Tally before = {});

}  // namespace hones::sweep
