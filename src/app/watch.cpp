#include <chrono>
#include <cstdio>
#include <thread>

#include <unistd.h>

#include <hones/store/job.hpp>

#include "app/commands.hpp"

namespace hones::app {

// On a terminal again and again, written over, until the job has ended; elsewhere once.
void watch(const settings::Settings& settings) {
  const std::filesystem::path folder = settings.path("watch.folder");
  const bool live = ::isatty(STDOUT_FILENO) != 0 && !settings.boolean("watch.once");
  while (true) {
    const store::JobView view = store::view_of(folder);
    if (live) std::fputs("\033[H\033[2J", stdout);  // home, clear
    std::fputs(store::told(view).c_str(), stdout);
    std::fflush(stdout);
    if (!live || view.ended()) return;
    std::this_thread::sleep_for(std::chrono::duration<double>(settings.real("watch.every")));
  }
}

}  // namespace hones::app
