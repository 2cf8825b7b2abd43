#include <cstdlib>
#include <exception>
#include <string>

#include <mpi.h>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/comm/session.hpp>

#include "mpi_call.hpp"
#include "mpi_communicator.hpp"

namespace hones::comm {

namespace {

bool is_set(const char* name) {
  return std::getenv(name) != nullptr;
}

bool launched() {
  return is_set("OMPI_COMM_WORLD_SIZE") || is_set("PMIX_RANK") || is_set("PMI_RANK") ||
         (is_set("SLURM_PROCID") && is_set("SLURM_STEP_ID"));
}

bool mpi_runs() {
  int initialised = 0;
  int finalised = 0;
  MPI_Initialized(&initialised);
  MPI_Finalized(&finalised);
  return initialised && !finalised;
}

// srun without the right --mpi starts N programs that each believe to be alone and would overwrite each
// other's results.
void require_step_size(int size) {
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  if (tasks == nullptr || !is_set("SLURM_STEP_ID") || is_set("OMPI_COMM_WORLD_SIZE")) return;
  if (size == 1 && std::atoi(tasks) > 1) {
    throw UsageError("srun started " + std::string(tasks) +
                     " tasks that MPI sees as one rank each; use srun --mpi=pmix");
  }
}

}  // namespace

struct Session::Impl {
  std::unique_ptr<Communicator> world;
  bool owns_mpi = false;
  int exceptions = std::uncaught_exceptions();
};

Session::Session(int* argc, char*** argv) : impl_(std::make_unique<Impl>()) {
  const bool adopted = mpi_runs();
  if (!adopted && !launched()) {
    impl_->world = local();
    return;
  }
  if (!adopted) {
    int provided = 0;
    check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
    impl_->owns_mpi = true;
    if (provided < MPI_THREAD_MULTIPLE) {
      throw UsageError("this MPI was built without MPI_THREAD_MULTIPLE, which hones_mpi needs");
    }
  }
  impl_->world = mpi_world();
  require_step_size(impl_->world->size());
}

Session::~Session() {
  if (std::uncaught_exceptions() != impl_->exceptions && impl_->world->size() > 1) {
    fail(*impl_->world, Error(ExitCode::rank_failed, "ended by an exception"));
  }
  impl_->world.reset();
  if (impl_->owns_mpi) MPI_Finalize();
}

Communicator& Session::world() {
  return *impl_->world;
}

}  // namespace hones::comm
