// MPI starts and stops by scope. Ranks are those of mpirun or srun; started alone, the program is one rank without MPI.
#pragma once

#include <memory>

#include <hones/comm/communicator.hpp>

namespace hones::comm {

class Session {
 public:
  // Initialises MPI (MPI_THREAD_MULTIPLE) when a launcher's environment is there (OMPI_COMM_WORLD_SIZE, PMIX_RANK,
  // SLURM_PROCID with SLURM_STEP_ID, PMI_RANK); otherwise stays alone. At most one per process.
  Session(int* argc, char*** argv);
  // Finalises MPI. While an exception is unwinding on one rank only, finalising would hang: the owner must have called
  // world().abort() before.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Communicator& world();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hones::comm
