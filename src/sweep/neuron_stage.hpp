// The second stage of a discovery: contributions under the best heads, summed, and the neurons ranked by
// them. No tensors.
#pragma once

#include <functional>

#include "job_stage.hpp"

namespace hones::sweep {

// Collective, the table complete and its heads ranked. `work` adds a unit's instances to its task's sums in
// course.filled. `cells`: what the stage before came to. Afterwards, unless stopped, sums and neuron tables
// are complete on every rank and the last generation of the ledger is written.
StageSummary neurons(const Course& course, const StageSummary& cells,
                     const std::function<engine::Work(const plan::Unit&)>& work);

}  // namespace hones::sweep
