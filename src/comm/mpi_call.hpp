// MPI's C interface with failures as exceptions and handles with owners.
#pragma once

#include <atomic>
#include <climits>
#include <cstddef>
#include <memory>
#include <string>

#include <mpi.h>

namespace hones::comm {

// Throws Error(rank_failed) with the call's name and MPI's own text. Communicators of this room return
// errors.
void check_mpi(int code, const char* call);

// Set once this process has begun to end the job: nothing waits for other ranks any more.
std::atomic<bool>& aborting();

// Keeps what MPI may still write to until the process ends. For operations whose other side is gone: they can
// neither be completed nor cancelled, and the job is about to end.
void abandon(std::shared_ptr<void> operation);

// An own duplicate or part of a communicator.
class OwnedComm {
 public:
  explicit OwnedComm(MPI_Comm parent);
  // The ranks that share memory with this one, in the order of `key`. Collective.
  static OwnedComm of_node(MPI_Comm parent, int key);
  // Freeing is collective: skipped while an exception unwinds on (perhaps only) this rank.
  ~OwnedComm();
  OwnedComm(const OwnedComm&) = delete;
  OwnedComm& operator=(const OwnedComm&) = delete;

  MPI_Comm get() const { return comm_; }
  const MPI_Comm* address() const { return &comm_; }

 private:
  struct Adopted {
    MPI_Comm comm;
  };
  explicit OwnedComm(Adopted made);
  MPI_Comm comm_ = MPI_COMM_NULL;
  int exceptions_ = 0;
};

// `bytes` bytes as {type, count} with count <= limit: MPI counts are int, so more than INT_MAX bytes travel
// as ONE element of a derived type. One message stays one message, whichever threads send and receive beside
// it.
class ByteType {
 public:
  explicit ByteType(std::size_t bytes, std::size_t limit = INT_MAX);
  ~ByteType();
  ByteType(const ByteType&) = delete;
  ByteType& operator=(const ByteType&) = delete;

  MPI_Datatype type() const { return type_; }
  int count() const { return count_; }

 private:
  MPI_Datatype type_ = MPI_BYTE;
  int count_ = 0;
  bool derived_ = false;
};

}  // namespace hones::comm
