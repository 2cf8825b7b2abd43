// MPI starts and stops by scope. Ranks are those of mpirun or srun; started alone, the program is one rank
// without MPI.
#pragma once

#include <memory>

#include <hones/comm/communicator.hpp>

namespace hones::comm {

class Session {
 public:
  // Initialises MPI (MPI_THREAD_MULTIPLE) when a launcher's environment is there (OMPI_COMM_WORLD_SIZE,
  // PMIX_RANK, SLURM_PROCID with SLURM_STEP_ID, PMI_RANK); otherwise stays alone. MPI that is running already
  // (the main of a test) is used and left running. At most one at a time. UsageError when srun started
  // several tasks that MPI sees as one each.
  Session(int* argc, char*** argv);
  // Finalises MPI. While an exception is unwinding on one rank only, finalising would hang: the owner should
  // have called fail() with the exception; if not, the job is ended here, without its words.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Communicator& world();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hones::comm
