// The command `placement`.
#pragma once

#include <string>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>

namespace hones::app {

// Collective: rank 0 prints which rank would compute where, so that flags of srun are seen before the night.
// Throws SharedRefusal.
ExitCode show_placement(comm::Communicator& world, const std::string& device, bool share_gpu);

}  // namespace hones::app
