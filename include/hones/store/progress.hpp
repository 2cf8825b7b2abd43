// How far a job is: progress.jsonl for programs, one line for people (docs/outputs.md, "Progress"). Rank 0's.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hones::store {

struct RankProgress {
  std::string node;        // host name; empty: unknown
  std::string state;       // "busy", "waiting", "loading", ...
  std::int64_t unit = -1;  // -1: none
  double busy_share = 0;   // of the time since the start, 0..1
};

struct Progress {
  double t = 0;       // seconds since the start
  std::string phase;  // "load", "heads", "neurons", "write", ...
  std::int64_t cells_done = 0;
  std::int64_t cells_all = 0;
  std::int64_t units_done = 0;
  double positions_per_s = 0;
  std::optional<double> eta_s;
  std::int64_t excluded = 0;
  std::int64_t checkpoints = 0;  // generations of the ledger, over all starts of the run
  std::vector<RankProgress> ranks;
};

// One line of progress.jsonl, without the newline; eta_s is null where unknown.
std::string progress_json(const Progress& progress);
// The line for people: "heads 1,234/5,678 cells (21.7 %), 3.1 units/s, 5,400 positions/s, 2/2 ranks busy, ETA
// 4 min 10 s".
std::string progress_line(const Progress& progress);

// Decides what is worth saying, so that callers may report as often as they like: the file at most once a
// second, the terminal at most five times a second (one line, written over), elsewhere one plain line every
// 30 seconds; at once for the first report and when the phase changes. Not thread-safe.
class ProgressLog {
 public:
  // `people` (standard error) stays the caller's; `terminal`: it is one.
  ProgressLog(std::filesystem::path file, std::FILE* people, bool terminal);
  // Leaves the last line standing.
  ~ProgressLog();
  ProgressLog(const ProgressLog&) = delete;
  ProgressLog& operator=(const ProgressLog&) = delete;

  void report(const Progress& progress);
  // Says it whatever was said before: the end of a phase or of the job.
  void report_now(const Progress& progress);

 private:
  void write_json(const Progress& progress);
  void say(const Progress& progress);

  std::filesystem::path file_;
  std::FILE* people_;
  bool terminal_;
  std::string phase_;
  std::optional<double> last_json_, last_said_;
  std::size_t width_ = 0;  // of the line standing on the terminal
};

}  // namespace hones::store
