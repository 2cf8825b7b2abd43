// What the tests of the collectives and of the messages share.
#pragma once

#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include <hones/comm/communicator.hpp>
#include <hones/comm/session.hpp>

#include "mpi_communicator.hpp"

namespace hones::comm::test {

// Far beyond what anything here takes: a test that hangs ends.
inline Deadline soon() {
  return after(std::chrono::seconds(20));
}

// Runs `body` against the one-process version, MPI's, and MPI's with at most three elements a call.
// Collective.
inline void with_each(const std::function<void(Communicator&)>& body) {
  {
    SCOPED_TRACE("local");
    body(*local());
  }
  {
    SCOPED_TRACE("mpi");
    Session session(nullptr, nullptr);
    body(session.world());
  }
  {
    SCOPED_TRACE("mpi, three elements a call");
    body(*mpi_world(3));
  }
}

}  // namespace hones::comm::test
