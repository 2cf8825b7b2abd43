// The MPI implementation of Communicator, for Session and for tests of this room.
#pragma once

#include <climits>
#include <cstddef>
#include <memory>

#include <hones/comm/communicator.hpp>

namespace hones::comm {

// All ranks of MPI_COMM_WORLD; collective. MPI must be initialised with MPI_THREAD_MULTIPLE. `max_count` is
// the largest count handed to one MPI call; only tests make it smaller than MPI's own limit.
std::unique_ptr<Communicator> mpi_world(std::size_t max_count = INT_MAX);

}  // namespace hones::comm
