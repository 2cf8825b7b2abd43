// Verification by masking (docs/method.md section 6): sets of neurons or heads are masked together on a
// split, on the same engine and scheduler as the sweep. Collective.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/sweep/options.hpp>
#include <hones/table/intervention.hpp>

namespace hones::sweep {

// A set of the user's own, masked on every task.
struct NamedSet {
  std::string name;  // its strategy in the results
  std::vector<table::Neuron> neurons;
};

// Names of the strategies, in the order of results.
inline const std::vector<std::string> kStrategies{"hones", "hones_after_mean", "no_head", "rand_head",
                                                  "random"};

struct AblateOptions {
  DiscoverOptions run;              // split, tasks, engine, folder; its heads are empty
  std::filesystem::path discovery;  // folder of a discover run on the same model and benchmark; may be empty
  std::vector<std::string> strategies;     // of kStrategies; all but random read `discovery`
  std::vector<double> budgets{0.01};       // shares of all FFN neurons
  std::vector<std::int64_t> head_budgets;  // so many of the best heads replaced together
  std::vector<NamedSet> sets;
  std::int64_t random_seeds = 5;
  std::string caption_metric = "corpus";  // corpus | mean
  // None: as the run in `discovery` had it.
  std::optional<std::int64_t> top_k;
  std::optional<std::string> weights;
};

// Leaves in options.run.out what docs/outputs.md lists for `ablate`; resume, signals and errors as
// discover().
ExitCode ablate(const AblateOptions& options, comm::Communicator& world);

// What would be done: rows, cells, units. Rank-local; touches nothing.
std::string ablate_dry_run(const AblateOptions& options, int ranks);

}  // namespace hones::sweep
