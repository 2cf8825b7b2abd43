#include "folder.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/store/ledger.hpp>
#include <hones/store/run_document.hpp>

#include "resume.hpp"

namespace hones::sweep {

namespace {

// "heads.TASK.csv" and its like; which tasks a run had only its files tell.
bool of_a_task(const std::string& name) {
  const auto between = [&](const std::string& begin, const std::string& end) {
    return name.size() > begin.size() + end.size() && name.starts_with(begin) && name.ends_with(end);
  };
  return between("heads.", ".csv") || between("neurons.", ".csv") || between("rankings.", ".json");
}

// Files of an earlier run, by name. progress.jsonl is none, nor is run.json unless it tells of an end: a run
// that was killed or failed before its first checkpoint leaves them, and the same command begins again.
std::vector<std::filesystem::path> results_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const std::string name :
       {"discovery.h5", "ablation.h5", "ablation.csv", "comparisons.csv", "run.json", "settings.toml"}) {
    std::error_code ignored;  // a place that cannot be looked at is refused as an output folder
    if (!std::filesystem::exists(folder / name, ignored)) continue;
    if (name == "run.json" && store::run_state(folder) != store::RunState::done) continue;
    found.push_back(folder / name);
  }
  const std::ptrdiff_t common = static_cast<std::ptrdiff_t>(found.size());
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (of_a_task(entry->path().filename().string())) found.push_back(entry->path());
  }
  std::sort(found.begin() + common, found.end());
  return found;
}

std::string named(const Options& options) {
  return "--out " + options.job.out.string();
}

}  // namespace

std::filesystem::path check_folder(const Options& options) {
  check_output_folder(named(options), options.job.out);
  if (options.job.restart) return {};
  const store::FoundLedger found = store::find_ledger(options.job.out);
  for (const std::string& damage : found.damaged)
    log::warning(damage + "; going on from " + found.file.filename().string());
  if (!found.file.empty()) {
    check_settings(found.file.string(), store::read_ledger_header(found.file).settings_json,
                   options.job.settings_json);
    return found.file;
  }
  if (const auto results = results_in(options.job.out); !results.empty()) {
    throw UsageError(
        named(options) + " holds results already (" + results.front().filename().string() +
        ") and no ledger to go on from; name another folder, or pass --restart to begin anew there");
  }
  return {};
}

void prepare_folder(const Options& options, const std::filesystem::path& ledger) {
  make_output_folder(named(options), options.job.out);
  std::vector<std::filesystem::path> old;
  // Only a damaged newest generation makes the one before it the ledger: it must not take its place again.
  if (ledger.filename() == store::kPreviousLedger) old.push_back(options.job.out / store::kLedger);
  if (ledger.empty()) old = results_in(options.job.out);
  // What a killed or failed writer leaves may be what fills the disk.
  for (const char* name : {"ledger.h5.tmp", "discovery.h5.tmp", "ablation.h5.tmp", "run.json.tmp"})
    old.push_back(options.job.out / name);
  for (const char* name : {store::kLedger, store::kPreviousLedger, "progress.jsonl"})
    if (ledger.empty()) old.push_back(options.job.out / name);
  for (const auto& file : old) {
    std::error_code error;
    std::filesystem::remove(file, error);
    if (error)
      throw UsageError(named(options) + ": " + file.string() + " cannot be removed: " + error.message());
  }
}

}  // namespace hones::sweep
