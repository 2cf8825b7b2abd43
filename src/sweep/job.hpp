// What every part of a distributed job has from its first moment. `discover` and `ablate` are jobs: short
// recipes over this, what they read (sweep/inputs.hpp, loaded.hpp), the table they fill (filled.hpp), the
// ledger (checkpoints.hpp), what is told (reporting.hpp) and stages (job_stage.hpp). A part is complete once
// it is constructed. No tensors.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <hones/comm/communicator.hpp>
#include <hones/sweep/options.hpp>

#include "record.hpp"

namespace hones::sweep {

// Its members are collective, like everything that a job does, unless they say otherwise.
class JobContext {
 public:
  // Both must outlive it. Rank-local.
  JobContext(const Options& asked, comm::Communicator& ranks);
  JobContext(const JobContext&) = delete;
  JobContext& operator=(const JobContext&) = delete;

  const Options& options;
  comm::Communicator& world;
  const comm::Clock::time_point start;
  Record record;

  // Rank-local.
  bool first() const { return world.rank() == 0; }
  double seconds() const { return comm::seconds_since(start); }
  comm::Deadline deadline() const {
    return comm::after(std::chrono::duration<double>(options.job.deadline_seconds));
  }

  // Waits; a rank that does not come is an error that names `what`.
  void finish(std::unique_ptr<comm::Pending> pending, const std::string& what) const {
    comm::finish(std::move(pending), deadline(), what);
  }
  // Rank 0's text on every rank; the others wait so many seconds for it.
  std::string share(const std::string& of_rank_zero, double seconds) const;
  std::string share(const std::string& of_rank_zero) const {
    return share(of_rank_zero, options.job.deadline_seconds);
  }
};

// A stretch of a job, from its construction to end().
class Phase {
 public:
  Phase(JobContext& job, std::string name);
  const std::string& name() const { return name_; }
  // Collective: the slowest rank's seconds become the record's.
  void end();

 private:
  JobContext& job_;
  std::string name_;
  comm::Clock::time_point start_;
};

}  // namespace hones::sweep
