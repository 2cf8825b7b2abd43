#include "app/allocation.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "app/settings/number.hpp"

namespace hones::app {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// "2026-11-27T08:00:00", local time, as Slurm prints it.
std::optional<double> local_time(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  parts.tm_isdst = -1;
  return static_cast<double>(std::mktime(&parts));
}

std::string said_by(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  char buffer[128];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe.get()) != nullptr) text += buffer;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

std::optional<double> allocation_end(const settings::Settings& settings) {
  if (const std::string& text = settings.text("discover.deadline"); !text.empty()) {
    if (text.front() == '+') {
      if (const auto seconds = settings::number_from<double>(text.substr(1))) return now() + *seconds;
    } else if (const auto time = local_time(text)) {
      return time;
    }
    settings.refuse("discover.deadline", "a local time as 2026-11-27T08:00:00, or +SECONDS from now");
  }
  if (const char* end = std::getenv("SLURM_JOB_END_TIME")) {
    if (const auto time = settings::number_from<double>(end)) return time;
  }
  const char* job = std::getenv("SLURM_JOB_ID");
  if (job == nullptr || !settings::number_from<double>(job)) return std::nullopt;
  return local_time(said_by("timeout 10 squeue -h -j " + std::string(job) + " -o %e 2>/dev/null"));
}

}  // namespace hones::app
