// Collective HDF5 calls do not return when a rank is missing, and nothing can be done from inside them. A
// thread watches.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <hones/comm/communicator.hpp>

namespace hones::store {

class Watchdog {
 public:
  // `trouble` says why no call can end any more (empty: nothing is known); it is asked every 5 s of a call,
  // from the watchdog's thread, so that such a job does not wait for the limit. May be none.
  Watchdog(comm::Communicator& world, std::chrono::duration<double> limit,
           std::function<std::string()> trouble = {});
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // While it lives the clock runs. One at a time.
  class Watch {
   public:
    explicit Watch(Watchdog& dog) : dog_(dog) {}
    ~Watch() { dog_.disarm(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Watchdog& dog_;
  };
  // When `what` has not ended within the limit, the job ends with its line and exit code 4 (comm::fail).
  [[nodiscard]] Watch watch(std::string what);

 private:
  void disarm();
  void run();
  void look(std::unique_lock<std::mutex>& lock);

  comm::Communicator& world_;
  std::chrono::duration<double> limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<comm::Deadline> deadline_;
  comm::Deadline next_look_;
  std::uint64_t watches_ = 0;  // so far: tells one from the next
  std::function<std::string()> trouble_;
  std::string what_;
  bool over_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace hones::store
