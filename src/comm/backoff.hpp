// Waiting without burning a core: ranks share cores with those who compute.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include <hones/comm/communicator.hpp>

namespace hones::comm {

// Calls ready() until it is true or `deadline` has passed; it is asked at least once, and once more at the
// deadline. First yields (a message that is nearly there costs microseconds), then sleeps 20 us, doubling up
// to 1 ms.
template <typename Ready>
bool poll_until(Deadline deadline, Ready ready) {
  constexpr int kYields = 64;
  std::chrono::microseconds pause{20};
  for (int i = 0;; ++i) {
    if (ready()) return true;
    const auto now = Clock::now();
    if (now >= deadline) return false;
    if (i < kYields) {
      std::this_thread::yield();
      continue;
    }
    std::this_thread::sleep_until(std::min(deadline, now + pause));
    pause = std::min(2 * pause, std::chrono::microseconds{1000});
  }
}

}  // namespace hones::comm
