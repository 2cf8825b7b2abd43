#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <hones/base/log.hpp>

namespace hones::log {

namespace {

struct Voice {
  std::shared_ptr<spdlog::logger> logger;
  std::string prefix;
};

// A logger is the one thing that is honestly process-wide; a function static keeps its construction ordered.
Voice& voice() {
  static Voice instance = [] {
    auto logger =
        std::make_shared<spdlog::logger>("hones", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    return Voice{std::move(logger), {}};
  }();
  return instance;
}

void say(spdlog::level::level_enum level, const char* kind, const std::string& line) {
  voice().logger->log(level, "hones_mpi: {}{}{}", voice().prefix, kind, line);
}

}  // namespace

void configure(Level level, int rank, int size) {
  const spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                              spdlog::level::err};
  voice().logger->set_level(levels[static_cast<int>(level)]);
  voice().prefix = size > 1 && rank != 0 ? "rank " + std::to_string(rank) + ": " : "";
}

void debug(const std::string& line) {
  say(spdlog::level::debug, "", line);
}
void info(const std::string& line) {
  say(spdlog::level::info, "", line);
}
void warning(const std::string& line) {
  say(spdlog::level::warn, "warning: ", line);
}
void error(const std::string& line) {
  // Without the rank's prefix: the error line of a failed rank names rank and node itself.
  voice().logger->log(spdlog::level::err, "hones_mpi: error: {}", line);
  voice().logger->flush();
}

}  // namespace hones::log
