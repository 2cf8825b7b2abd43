// How every job begins: what `discover` and `ablate` do alike between the checkpoint and the first stage. No
// tensors.
#pragma once

#include <string>

#include <hones/store/discovery_file.hpp>
#include <hones/sweep/inputs.hpp>

#include "job.hpp"

namespace hones::sweep {

// Rank 0's word: the ledger to go on from; empty: none, or another rank. Throws as check_folder does.
std::string found_ledger(const JobContext& job);

// Rank 0 warns of a chat template that is not the one that prompts are made by.
void warn_of_template(const JobContext& job);

// The model's digest on every rank. Collective: of all weights, so one rank reads them once more, which may
// take longer than a reduction; `known`: rank 0 has done so.
std::string shared_digest(const JobContext& job, const std::string& known = "");
// How long the others wait while rank 0 reads all weights, or a discovery.
double reading_seconds(const Options& options);

// What a job's HDF5 files begin with. Rank-local.
store::FileHeader header_of(const Inputs& inputs, const table::Shape& shape, const std::string& model_digest);

}  // namespace hones::sweep
