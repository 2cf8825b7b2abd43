// The main job: head stage, neuron stage, rankings, files. Collective.
#pragma once

#include <hones/comm/communicator.hpp>
#include <hones/sweep/options.hpp>

namespace hones::sweep {

// Runs the sweep on all ranks of `world` and leaves in options.out what docs/outputs.md lists for `discover`.
// Every rank calls it with equal options. Throws Error with the exit code of docs/outputs.md; an exception on
// one rank must end in world.abort() (src/app does it), because the others wait in collectives.
void discover(const DiscoverOptions& options, comm::Communicator& world);

// What would be done: units, positions, forward passes. Touches nothing.
std::string dry_run(const DiscoverOptions& options, int ranks);

}  // namespace hones::sweep
