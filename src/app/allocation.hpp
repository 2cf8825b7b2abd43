// When the allocation that a job runs in ends (docs/outputs.md, "Defaults").
#pragma once

#include <optional>

#include "app/settings/settings.hpp"

namespace hones::app {

// Seconds since 1970: --deadline, else SLURM_JOB_END_TIME, else what squeue says of SLURM_JOB_ID, else none.
// Asks squeue, at most 10 s long: for rank 0 alone. UsageError for a --deadline that is no time.
std::optional<double> allocation_end(const settings::Settings& settings);

}  // namespace hones::app
