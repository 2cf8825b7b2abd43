// The folder of a run's results. Rank 0 only. No tensors.
#pragma once

#include <hones/sweep/options.hpp>

namespace hones::sweep {

// Refuses (UsageError) a file in the place of the folder, and results of an earlier run unless `restart` is
// set. Touches nothing.
void check_folder(const DiscoverOptions& options);

// Makes the folder; files of an earlier run in it go.
void prepare_folder(const DiscoverOptions& options);

}  // namespace hones::sweep
