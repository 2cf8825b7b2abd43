#include "folder.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/task/task.hpp>

namespace hones::sweep {

namespace {

// Files of an earlier run. progress.jsonl alone is none: a run that was refused leaves it.
std::vector<std::filesystem::path> results_in(const std::filesystem::path& folder) {
  std::vector<std::string> names{"discovery.h5", "run.json", "settings.toml"};
  for (const std::string& task : task::task_names()) {
    for (const std::string& name :
         {"heads." + task + ".csv", "neurons." + task + ".csv", "rankings." + task + ".json"})
      names.push_back(name);
  }
  std::vector<std::filesystem::path> found;
  for (const std::string& name : names) {
    std::error_code ignored;  // a place that cannot be looked at is refused as an output folder
    if (std::filesystem::exists(folder / name, ignored)) found.push_back(folder / name);
  }
  return found;
}

std::string named(const DiscoverOptions& options) {
  return "--out " + options.out.string();
}

}  // namespace

void check_folder(const DiscoverOptions& options) {
  check_output_folder(named(options), options.out);
  const auto found = results_in(options.out);
  if (!found.empty() && !options.restart) {
    throw UsageError(named(options) + " holds results already (" + found.front().filename().string() +
                     "); name another folder, or pass --restart to begin anew there");
  }
}

void prepare_folder(const DiscoverOptions& options) {
  make_output_folder(named(options), options.out);
  std::vector<std::filesystem::path> old = results_in(options.out);
  old.push_back(options.out / "progress.jsonl");
  for (const auto& file : old) {
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error)
      throw UsageError(named(options) + ": " + file.string() + " cannot be removed: " + error.message());
  }
}

}  // namespace hones::sweep
