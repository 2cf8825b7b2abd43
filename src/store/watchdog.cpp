#include "watchdog.hpp"

#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>

namespace hones::store {

Watchdog::Watchdog(comm::Communicator& world, std::chrono::duration<double> limit)
    : world_(world), limit_(limit), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Watchdog::Watch Watchdog::watch(std::string what) {
  {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    deadline_ = comm::after(limit_);
  }
  changed_.notify_one();
  return Watch(*this);
}

// Without a notification: the thread looks at the deadline again when it wakes, and one more wake costs less
// than a switch for every call.
void Watchdog::disarm() {
  const std::lock_guard lock(mutex_);
  deadline_.reset();
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (!deadline_) {
      changed_.wait(lock);
    } else if (comm::Clock::now() < *deadline_) {
      changed_.wait_until(lock, comm::Deadline(*deadline_));
    } else {
      const std::string line =
          what_ + " did not end within " + duration(limit_.count()) + ": a rank is missing";
      comm::fail(world_, Error(ExitCode::rank_failed, line));
    }
  }
}

}  // namespace hones::store
