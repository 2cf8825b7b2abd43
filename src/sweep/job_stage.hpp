// A stage of a job as a value, and the course that all stages run. No tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <hones/engine/work.hpp>
#include <hones/plan/unit.hpp>
#include <hones/sweep/inputs.hpp>
#include <hones/sweep/stage.hpp>

#include "checkpoints.hpp"
#include "filled.hpp"
#include "job.hpp"
#include "reporting.hpp"

namespace hones::sweep {

// The parts of a job that its stages use. All must outlive it.
struct Course {
  JobContext& job;
  const Inputs& inputs;
  Filled& filled;
  Checkpoints& checkpoints;
  Reporting& reporting;
};

struct Stage {
  std::string name;                 // of its phase
  std::vector<std::string> loads;   // by Unit::load: what its instances are
  std::string columns;              // what Unit::group_begin counts: layers, interventions
  std::vector<plan::Unit> units;    // rank 0's
  std::vector<std::int64_t> cells;  // by task: how many there are in all
  plan::Tally before;               // what earlier starts have booked
  std::function<engine::Work(const plan::Unit&)> work;
  // Collective: completes a generation of the ledger by what the units booked in `so_far` have left.
  std::function<void(store::Ledger& ledger, const StageSummary& so_far)> save;
  // Rank 0: {exit code, line} where the job must end, else {0, ""}.
  std::function<std::pair<int, std::string>(const StageSummary& so_far)> verdict;
};

// Collective. Checkpoints when they are due, progress, and the record's figures. Throws Error where the
// verdict says so. A summary that says `stopped` is of a stage that is not over; the ledger holds it.
StageSummary run(Stage stage, const Course& course);

// {exit code, line} where more cells of a task are invalid than max_bad allows; `what`: " cells are not
// finite", or the like.
std::pair<int, std::string> too_many_invalid(const Inputs& inputs, const StageSummary& summary,
                                             const std::vector<std::int64_t>& cells, const std::string& what);

// The stage that fills the table, whatever its columns are: units that the ledger holds already are left out,
// and what it holds stays.
Stage cell_stage(const Course& course, std::string name, std::string columns, std::vector<plan::Unit> units,
                 std::function<engine::Work(const plan::Unit&)> work);
// Collective. Runs it and, unless it was stopped, brings the table together on every rank, exclusions
// included.
StageSummary fill(Stage cells, const Course& course);

// Leaves a job whose stage was stopped.
ExitCode stop(const Course& course, const StageSummary& summary);

}  // namespace hones::sweep
