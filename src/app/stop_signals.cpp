#include "app/stop_signals.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "app/launch.hpp"

namespace hones::app {

namespace {

std::atomic<bool> asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

void mark(int /*signal*/) {
  asked = true;
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = mark;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGUSR1, &action, nullptr);
  const bool under_mpirun = launch_of_environment().size > 1 && std::getenv("OMPI_COMM_WORLD_SIZE");
  if (under_mpirun) return;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

bool stop_asked() {
  return asked;
}

}  // namespace hones::app
