// Ranks talk through this interface, in the domain's words. The one-process version (local()) is the
// definition of each word; MPI's behaves like it for any size. Nothing else in the program includes mpi.h or
// nccl.h (parallel HDF5 brings mpi.h along in `store`).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <hones/base/error.hpp>

namespace hones::comm {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
inline Deadline after(std::chrono::duration<double> seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds);
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Where a buffer lies. Today every collective is done on host memory; NCCL gets the device ones.
enum class MemoryKind { host, device };

template <typename T>
struct Buffer {
  std::span<T> data;
  MemoryKind kind = MemoryKind::host;
};

// A message between two ranks.
struct Message {
  int source = 0;
  int tag = 0;
  std::vector<std::byte> bytes;
};

// An operation under way. The buffers it was started with must outlive it and hold nothing meaningful until
// it is done. Destroying one that is not finished waits for its end, except while an exception unwinds or the
// job is being aborted: then it is left to the end of the process, because the other ranks may be waiting for
// this one. One thread waits for it.
class Pending {
 public:
  virtual ~Pending() = default;
  // True when done; false when `deadline` came first (call again). Throws Error(rank_failed) on a failed
  // call.
  virtual bool wait(Deadline deadline) = 0;
};

// A rank among those that share memory with it.
struct OnNode {
  int rank = 0;
  int size = 1;
  int first = 0;  // the lowest of them, as a rank of all: the node's own number
};

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual const std::string& node() const = 0;  // host name of this rank
  virtual OnNode on_node() const = 0;

  // --- Collective: every rank, same order, same lengths
  // ----------------------------------------------------------- Element-wise sum over ranks, in place, the
  // same result on all. Integers and zero-padded disjoint shares of floats are exact in any order; other
  // float sums are not offered.
  [[nodiscard]] virtual std::unique_ptr<Pending> sum(Buffer<std::int64_t> values) = 0;
  // Each element is set (not `empty`) on at most one rank; afterwards on all. `empty` is the value of the
  // others: for doubles and floats NaN, for bytes 0. Exact: values travel as bits, never through an addition.
  // A NaN that a rank did set is empty too; all NaNs come out as the canonical quiet NaN. InternalError (on
  // all ranks) when two ranks set the same element.
  [[nodiscard]] virtual std::unique_ptr<Pending> merge(Buffer<double> values) = 0;
  [[nodiscard]] virtual std::unique_ptr<Pending> merge(Buffer<float> values) = 0;
  [[nodiscard]] virtual std::unique_ptr<Pending> merge(Buffer<std::uint8_t> values) = 0;
  [[nodiscard]] virtual std::unique_ptr<Pending> barrier() = 0;
  // The root's bytes on every rank; the size is sent too.
  virtual void broadcast(std::vector<std::byte>& bytes, int root, Deadline deadline) = 0;
  // Every rank's bytes, by rank, on the root; empty elsewhere.
  virtual std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int root,
                                                     Deadline deadline) = 0;

  // --- Between two ranks: any thread may call these (the communicator uses an own context for them)
  // ------------------
  [[nodiscard]] virtual std::unique_ptr<Pending> send(std::vector<std::byte> bytes, int to, int tag) = 0;
  // A message with this tag from any rank (own included), or nothing when `deadline` comes first.
  virtual std::optional<Message> receive(int tag, Deadline deadline) = 0;

  // What a rank that fails leaves behind its line on standard error, before the job ends: called with both by
  // end() below. Rank-local; empty: nothing.
  using LastWords = std::function<void(ExitCode code, const std::string& line)>;
  void on_failure(LastWords words) { last_words_ = std::move(words); }
  const LastWords& last_words() const { return last_words_; }

  // Ends the job on all ranks with this exit code; does not return.
  [[noreturn]] virtual void abort(int exit_code) = 0;

  // The MPI_Comm for parallel HDF5, as a pointer to it; null for local(), which writes serially.
  virtual const void* native() const = 0;

 private:
  LastWords last_words_;
};

// One process. Messages to itself are queued.
std::unique_ptr<Communicator> local();

// Waits and throws Error(rank_failed) with `what` when the deadline passes: for the collectives at stage
// ends. After that the operation is abandoned: MPI may still write to its buffers, and the job can only be
// ended.
void finish(std::unique_ptr<Pending> pending, Deadline deadline, const std::string& what);

// How the job ends after an exception on a rank: the error line of docs/outputs.md and abort() with the
// exception's exit code (rank_failed unless it is an Error). A failure that all ranks see is reported by one:
// rank 0 speaks at once, the others wait for their turn of up to 2.5 seconds.
[[noreturn]] void fail(Communicator& world, const std::exception& error);
// The same at once, with this line and code.
[[noreturn]] void end(Communicator& world, ExitCode code, const std::string& line);
// Calls world.last_words(), and waits for them at most two seconds: a disk that hangs keeps no job.
void leave_last_words(const Communicator& world, ExitCode code, const std::string& line);

}  // namespace hones::comm
