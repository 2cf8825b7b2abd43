// What is told of a run beside its numbers: provenance, run.json, the closing words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <hones/plan/tally.hpp>
#include <hones/results/outputs.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/store/run_document.hpp>
#include <hones/sweep/environment.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

// Filled while a run goes on; complete on rank 0 at its end.
struct Record {
  std::string begun;                     // UTC
  std::map<std::string, double> phases;  // seconds of the slowest rank
  double seconds = 0;                    // of the whole run
  std::vector<std::string> nodes;        // by rank
  table::Figures all, taken_over;        // of the run; of them, what the ledger held when this start began
  std::vector<std::int64_t> cells_by_rank;
  std::vector<std::int64_t> written_by_rank;  // elements of heads/cell
  store::SlabReport slabs;                    // rank 0's
  std::vector<plan::Exclusion> exclusions;    // by (task, instance)
  std::int64_t checkpoints = 0;               // over all starts of the run, like interruptions
  double checkpoint_seconds = 0;
  std::int64_t checkpoint_bytes = 0;  // of the last one
  std::int64_t interruptions = 0;
  std::int64_t grants = 0;  // units granted in this start
  std::int64_t ahead = 0;   // of them, before the rank had ended its unit
  double grant_cpu_seconds = 0;
};

std::string utc_now();

// Head of rankings.<task>.json: everything needed to make the list again.
nlohmann::ordered_json provenance(const Inputs& inputs, std::size_t task,
                                  const std::map<std::string, std::string>& environment);

// run.json once the folder is open, and at the end of a job that did not fail.
nlohmann::json opening_json(const Options& options, const Record& record);
nlohmann::json closing_json(const Options& options, const Record& record,
                            const std::vector<results::TaskOutput>& outputs, store::RunState state);

// Rankings, speed and where the files are, for a terminal.
std::string closing_words(const Options& options, const Record& record,
                          const std::vector<results::TaskOutput>& outputs);

}  // namespace hones::sweep
