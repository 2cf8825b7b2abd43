// The main job: head stage, neuron stage, rankings, files. Collective.
#pragma once

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/sweep/options.hpp>

namespace hones::sweep {

// Runs the sweep on all ranks of `world` and leaves in options.job.out what docs/outputs.md lists for
// `discover`. A folder with the ledger of an earlier start of the same run is gone on with: what it holds is
// not computed again. ExitCode::stopped, on all ranks, when options.job.stop_asked said so: the ledger is
// written, the results are not. Every rank calls it with equal options. Throws Error with the exit code of
// docs/outputs.md; an exception on one rank must end in world.abort() (src/app does it), because the others
// wait in collectives.
ExitCode discover(const Options& options, comm::Communicator& world);

// What would be done: units, positions, forward passes. Touches nothing.
std::string dry_run(const Options& options, int ranks);

}  // namespace hones::sweep
