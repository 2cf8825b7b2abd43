#include "app/rivals.hpp"

#include <cstring>

#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sys/wait.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

extern char** environ;

namespace hones::app {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// Runs to its end with this process's standard streams.
void run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int refused = posix_spawn(&child, words[0].c_str(), nullptr, nullptr, arguments.data(), environ);
  if (refused != 0)
    throw UsageError("--python " + words[0] + ": " + std::strerror(refused) +
                     "; expected a Python with the packages of tools/versions.env");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ExitCode::rank_failed, words[1] + " failed; its own words are above");
}

bench::BenchRow row_of(const nlohmann::json& json) {
  bench::BenchRow row;
  row.task = json.at("task");
  row.form = json.at("form");
  row.instances = json.at("instances");
  row.cells = json.at("cells");
  row.cells_measured = json.at("cells_measured");
  if (json.contains("candidates_measured")) row.candidates_measured = json.at("candidates_measured");
  row.seconds = json.at("seconds");
  row.cpu_seconds = json.at("cpu_seconds");
  row.useful_flops = json.at("useful_flops");
  return row;
}

}  // namespace

std::vector<bench::BenchRow> run_rival(const std::string& form, const RivalOptions& options) {
  for (const auto& [flag, file] : {std::pair{"--python", options.python}, {"--rivals", options.program}}) {
    if (!std::filesystem::exists(file))
      throw UsageError(std::string(flag) + " " + file.string() +
                       ": no such file; the forms rows and prefix need it "
                       "(by default both are sought from the root of the repository)");
  }
  const std::filesystem::path out = options.scratch / (form + ".json");
  run_program({options.python, options.program,
               "--form",       form,
               "--model",      options.model,
               "--benchmark",  options.benchmark,
               "--tasks",      joined(options.tasks),
               "--limits",     joined(options.limits),
               "--dtype",      options.dtype,
               "--threads",    std::to_string(options.threads),
               "--instances",  std::to_string(options.instances),
               "--heads",      std::to_string(options.heads),
               "--candidates", std::to_string(options.candidates),
               "--out",        out});
  std::vector<bench::BenchRow> rows;
  try {
    for (const auto& row : nlohmann::json::parse(read_file(out))) rows.push_back(row_of(row));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(out.string() + ": " + without_label(error.what()));
  }
  return rows;
}

}  // namespace hones::app
