// What a job's folder says of it while it runs and afterwards, from its files alone: for `watch`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/store/progress.hpp>

namespace hones::store {

struct JobView {
  std::filesystem::path folder;
  std::optional<Progress> progress;  // the last whole line of progress.jsonl
  double silent = 0;                 // seconds since that file was written
  bool finished = false;             // run.json is there, and nothing was begun after it
  std::optional<double> ledger_age;  // seconds since ledger.h5 was written; none: there is none
  std::int64_t ledger_bytes = 0;

  struct Excluded {
    std::string task, image_id, reason;
  };
  // Of run.json, once finished.
  std::vector<Excluded> excluded;
  std::int64_t interruptions = 0;
  double seconds = 0;
};

// DataError when the folder is not that of a job (no progress.jsonl), or a line of its files is no JSON.
JobView view_of(const std::filesystem::path& folder);

// For a terminal, several lines.
std::string told(const JobView& view);

}  // namespace hones::store
