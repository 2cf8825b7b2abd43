// What a run takes over from the ledger of an earlier start, and what is then left to do. No tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/engine/bundle.hpp>
#include <hones/engine/work.hpp>
#include <hones/plan/tally.hpp>
#include <hones/plan/unit.hpp>
#include <hones/store/ledger.hpp>
#include <hones/table/cells.hpp>

namespace hones::sweep {

// Refuse (UsageError, naming the first difference) to go on from a ledger of other settings or of another
// environment. Instances, queries and heads may grow: the cells decide (take_over).
void check_settings(const std::string& ledger, const std::string& stored_json, const std::string& asked_json);
// `accept`: a rebuild or another kind of processor (commit, LibTorch, CPU capability) is let pass, nothing
// else.
void check_environment(const std::string& ledger, const std::map<std::string, std::string>& stored,
                       const std::map<std::string, std::string>& here, bool accept);

// Cells that need no computing, by task, [N, columns]: 1 for those in the ledger and all of an excluded
// instance. No tasks: nothing was taken over.
using Held = std::vector<std::vector<std::uint8_t>>;

// Moves the instances that are this rank's share from `stored` to cells.own; returns what is held of the task
// and adds its exclusions and invalid cells to `before`. `stored.cells` keeps its table. Throws UsageError
// when the ledger holds more than `cells` asks for (`asked`: by column) or other instances.
std::vector<std::uint8_t> take_over(const std::string& ledger, store::LedgerTask& stored, std::int32_t task,
                                    const std::vector<bool>& asked, int rank, int ranks,
                                    table::TaskCells& cells, plan::Tally& before);

// Of the head stage: units cut down to bundles and layers with cells that are not held; numbered anew.
std::vector<plan::Unit> left_of(const std::vector<plan::Unit>& units, const std::vector<engine::Kind>& kinds,
                                const table::Shape& shape, const std::vector<bool>& asked, const Held& held);
// Of the neuron stage: units cut down to instances that are not in the sums ([task][N]).
std::vector<plan::Unit> left_of(const std::vector<plan::Unit>& units,
                                const std::vector<std::vector<std::uint8_t>>& in_sums);

// A unit may compute a few cells again beside those that were missing: the ledger's stay.
void drop_held(engine::Work& work, const Held& held, const table::Shape& shape);

}  // namespace hones::sweep
