// The folder of a run's results. Rank 0 only. No tensors.
#pragma once

#include <filesystem>

#include <hones/sweep/options.hpp>

namespace hones::sweep {

// The ledger to go on from; empty: begin anew. Refuses (UsageError) a file in the place of the folder, a
// ledger of other settings, and results without a ledger, all but the first unless `restart` is set; warns of
// a damaged generation. DataError where there is no whole one. Touches nothing.
std::filesystem::path check_folder(const Options& options);

// Makes the folder; without a `ledger` to go on from, files of an earlier run in it go.
void prepare_folder(const Options& options, const std::filesystem::path& ledger);

}  // namespace hones::sweep
