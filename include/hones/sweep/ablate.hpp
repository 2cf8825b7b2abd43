// Verification by masking (docs/method.md section 6): sets of neurons or heads are masked together on a
// split, on the same engine and scheduler as the sweep. Collective.
#pragma once

#include <string>

#include <hones/base/error.hpp>
#include <hones/choice/choices.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/results/ablation_rows.hpp>
#include <hones/sweep/options.hpp>

namespace hones::sweep {

struct AblateOptions {
  Options run;  // split, tasks, engine, folder; its heads are empty
  results::AblationChoice masked;
  choice::CaptionBleu caption_metric{};
};

// Leaves in options.run.job.out what docs/outputs.md lists for `ablate`; resume, signals and errors as
// discover().
ExitCode ablate(const AblateOptions& options, comm::Communicator& world);

// What would be done: rows, cells, units. Rank-local; touches nothing.
std::string ablate_dry_run(const AblateOptions& options, int ranks);

}  // namespace hones::sweep
