#include "watchdog.hpp"

#include <algorithm>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>

namespace hones::store {

namespace {

constexpr std::chrono::seconds kBetweenLooks{5};

}  // namespace

Watchdog::Watchdog(comm::Communicator& world, std::chrono::duration<double> limit,
                   std::function<std::string()> trouble)
    : world_(world), limit_(limit), trouble_(std::move(trouble)), thread_([this] { run(); }) {}

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
    next_look_ = trouble_ ? comm::after(kBetweenLooks) : *deadline_;
    ++watches_;
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

// Unlocked while it asks: a call that ends meanwhile must not wait for a disk, and says itself what has
// become of it.
void Watchdog::look(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t watch = watches_;
  const std::string what = what_;
  lock.unlock();
  const std::string trouble = trouble_();
  lock.lock();
  next_look_ = comm::after(kBetweenLooks);
  if (trouble.empty() || !deadline_ || watches_ != watch) return;
  comm::fail(world_, Error(ExitCode::rank_failed, what + " hangs: " + trouble));
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (!deadline_) {
      changed_.wait(lock);
    } else if (comm::Clock::now() < std::min(*deadline_, next_look_)) {
      changed_.wait_until(lock, std::min(*deadline_, next_look_));
    } else if (comm::Clock::now() < *deadline_) {
      look(lock);
    } else {
      const std::string line =
          what_ + " did not end within " + duration(limit_.count()) + ": a rank is missing";
      comm::fail(world_, Error(ExitCode::rank_failed, line));
    }
  }
}

}  // namespace hones::store
