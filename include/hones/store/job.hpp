// What a job's folder says of it while it runs and afterwards, from its files alone: for `watch`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/store/progress.hpp>
#include <hones/store/run_document.hpp>

namespace hones::store {

struct JobView {
  std::filesystem::path folder;
  std::optional<Progress> progress;  // the last whole line of progress.jsonl
  double silent = 0;                 // seconds since that file was written
  // What run.json says; running as well where it is that of an earlier version's end and something was begun
  // after it, or where there is none. A job whose rank was killed says running for ever, and is silent.
  RunState state = RunState::running;
  std::optional<double> ledger_age;  // seconds since ledger.h5 was written; none: there is none
  std::int64_t ledger_bytes = 0;

  struct Excluded {
    std::string task, image_id, reason;
  };
  // Of run.json, once it says that the job is done.
  std::vector<Excluded> excluded;
  std::int64_t interruptions = 0;
  double seconds = 0;   // once it has ended
  std::string failure;  // of one that failed: the line, the rank, the host, the exit code
  bool ended() const { return state != RunState::running; }
};

// DataError when the folder is not that of a job (no progress.jsonl), or a line of its files is no JSON.
JobView view_of(const std::filesystem::path& folder);

// For a terminal, several lines.
std::string told(const JobView& view);

}  // namespace hones::store
