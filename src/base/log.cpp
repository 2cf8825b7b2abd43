#include <memory>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <hones/base/log.hpp>

namespace hones::log {

namespace {

struct Voice {
  std::shared_ptr<spdlog::logger> logger;
  std::string prefix;
  std::shared_ptr<spdlog::logger> file;  // null: none
};

// A logger is the one thing that is honestly process-wide; a function static keeps its construction ordered.
Voice& voice() {
  static Voice instance = [] {
    auto logger =
        std::make_shared<spdlog::logger>("hones", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    return Voice{std::move(logger), {}, {}};
  }();
  return instance;
}

// What a line quotes comes from strangers' files: a newline in an id must not make two lines of one, nor an
// escape sequence reach the terminal.
std::string on_one_line(const std::string& text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c != '\t' && (code < 0x20 || code == 0x7f)) {
      line += std::string("\\x") + kHex[code >> 4] + kHex[code & 15];
    } else {
      line += c;
    }
  }
  return line;
}

void keep(spdlog::level::level_enum level, const char* kind, const std::string& line) {
  if (voice().file) voice().file->log(level, "{}{}", kind, on_one_line(line));
}

void say(spdlog::level::level_enum level, const char* kind, const std::string& line) {
  voice().logger->log(level, "hones_mpi: {}{}{}", voice().prefix, kind, on_one_line(line));
  keep(level, kind, line);
}

}  // namespace

void configure(Level level, int rank, int size) {
  const spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                              spdlog::level::err};
  voice().logger->set_level(levels[static_cast<int>(level)]);
  voice().prefix = size > 1 && rank != 0 ? "rank " + std::to_string(rank) + ": " : "";
}

void also_to(const std::filesystem::path& file, const std::string& who) {
  try {
    auto logger = std::make_shared<spdlog::logger>(
        "file", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
    logger->set_level(spdlog::level::debug);
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ " + who + ": %v",
                                                                      spdlog::pattern_time_type::utc));
    logger->flush_on(spdlog::level::debug);
    voice().file = std::move(logger);
  } catch (const spdlog::spdlog_ex& error) {
    warning(std::string("no log file: ") + error.what());
  }
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
  voice().logger->log(spdlog::level::err, "hones_mpi: error: {}", on_one_line(line));
  voice().logger->flush();
  keep(spdlog::level::err, "error: ", line);
}

}  // namespace hones::log
