// What is known of ranks before MPI is started, and how all of them hear of a refusal at the start.
#pragma once

#include <optional>
#include <string>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/comm/communicator.hpp>

namespace hones::app {

struct Launch {
  int rank = 0;
  int size = 1;
};

// From the environment of mpirun or srun; one process without them.
Launch launch_of_environment();

// A refusal that every rank knows of: rank 0 prints it, and all end in order.
class SharedRefusal : public Error {
 public:
  using Error::Error;
};

// Collective. Rank 0 says how its check went (nothing: well); throws SharedRefusal on all ranks when it did
// not.
void share_refusal(comm::Communicator& world, const std::optional<Error>& of_rank_zero);

// Collective. `make` on rank 0 first, then on the others, so that what rank 0 refuses (a flag, a file, a
// folder) is one line and one exit code, and nobody waits.
template <typename Make>
auto rank_zero_first(comm::Communicator& world, Make make) {
  std::optional<decltype(make())> made;
  std::optional<Error> refusal;
  if (world.rank() == 0) {
    try {
      made = make();
    } catch (const std::exception& error) {
      refusal = error_of(error);
    }
  }
  share_refusal(world, refusal);
  if (!made) made = make();
  return std::move(*made);
}

}  // namespace hones::app
