// Collective HDF5 calls do not return when a rank is missing, and nothing can be done from inside them. A
// thread watches.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <hones/comm/communicator.hpp>

namespace hones::store {

class Watchdog {
 public:
  Watchdog(comm::Communicator& world, std::chrono::duration<double> limit);
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

  comm::Communicator& world_;
  std::chrono::duration<double> limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<comm::Deadline> deadline_;
  std::string what_;
  bool over_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace hones::store
