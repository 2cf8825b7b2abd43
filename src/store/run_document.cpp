#include <array>
#include <exception>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/file.hpp>
#include <hones/store/run_document.hpp>

namespace hones::store {

namespace {

constexpr const char* kName = "run.json";
constexpr std::array<std::string_view, 4> kWords{"running", "done", "stopped", "failed"};

std::string text_of(const nlohmann::json& run) {
  return run.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Whether it was this process that made the file.
bool made(const std::filesystem::path& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written = write_all(fd, text) == 0 && ::fsync(fd) == 0;
  if ((::close(fd) == 0) && written) return true;
  ::unlink(file.c_str());
  return false;
}

}  // namespace

std::string_view word_of(RunState state) {
  return kWords.at(static_cast<std::size_t>(state));
}

void write_run_json(const std::filesystem::path& folder, const nlohmann::json& run) {
  write_file(folder / kName, text_of(run));
}

bool fail_run_json(const std::filesystem::path& folder, const Failure& failure, const std::string& end,
                   double seconds) noexcept {
  try {
    nlohmann::json run = nlohmann::json::parse(read_file(folder / kName));
    if (run.at("state") != word_of(RunState::running)) return false;
    run["state"] = word_of(RunState::failed);
    run["exit_code"] = static_cast<int>(failure.code);
    run["error"] = {{"line", failure.line}, {"rank", failure.rank}, {"host", failure.host}};
    run["end"] = end;
    run["seconds"] = seconds;
    const std::filesystem::path temporary = folder / (std::string(kName) + ".tmp");
    if (!made(temporary, text_of(run))) return false;
    std::error_code error;
    std::filesystem::rename(temporary, folder / kName, error);
    if (error) ::unlink(temporary.c_str());
    return !error;
  } catch (const std::exception&) {
    return false;
  }
}

std::optional<RunState> run_state(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / kName, ignored)) return std::nullopt;
  try {
    const nlohmann::json run = nlohmann::json::parse(read_file(folder / kName));
    const std::string word = run.at("state");
    for (const RunState state : {RunState::running, RunState::stopped, RunState::failed}) {
      if (word == word_of(state)) return state;
    }
  } catch (const std::exception&) {  // of an earlier version, or of something else
  }
  return RunState::done;
}

}  // namespace hones::store
