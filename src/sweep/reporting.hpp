// What a job tells from the moment it can no longer be refused: logs, progress, run.json. No tensors.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <hones/results/outputs.hpp>
#include <hones/store/progress.hpp>
#include <hones/store/run_document.hpp>

#include "job.hpp"

namespace hones::sweep {

class Reporting {
 public:
  // Collective. Opens the folder: rank 0 makes it, or takes an earlier run out of it where there is no
  // `ledger` to go on from, and leaves a run.json that says running; every rank opens its log. From here on a
  // rank that fails completes run.json. The job must outlive it.
  Reporting(JobContext& job, const std::filesystem::path& ledger);

  // The rest is rank-local.
  void begin(const Phase& phase);
  void report(const store::Progress& progress, bool last);
  // "rank 2 on node1".
  std::string name_of(int rank) const;
  // The job's last word, on rank 0 in run.json and (of one that is done) in the progress. Afterwards a
  // failure is not noted any more.
  void close(store::RunState state, const std::vector<results::TaskOutput>& outputs);

 private:
  void gather_nodes();
  void open_folder(const std::filesystem::path& ledger) const;
  void note_failures() const;
  void open_log() const;
  void tell_places() const;

  JobContext& job_;
  std::unique_ptr<store::ProgressLog> progress_;  // rank 0
};

}  // namespace hones::sweep
