// A run whose every value is a function of its place, so that each rank can make its own part and check the
// whole without gathering anything. Instances are excluded, undone, invalid, not asked for; the ranks' shares
// are unequal, some empty.
#pragma once

#include <string>
#include <vector>

#include <hones/store/discovery_file.hpp>

namespace hones::test {

enum class Kind { vqa, caption, retrieval, nothing };

store::FileHeader made_header();

// Unit {instance, layer} -> rank. With several ranks, rank 0 has most of the units and the last rank none.
int owner(std::int64_t instance, std::int64_t layer, int ranks);

// The complete table, with the blocks of `rank` (of all ranks when `rank` is -1, one per instance, as a
// reader gives them).
table::TaskCells made_cells(Kind kind, int rank, int ranks);
store::HeadTables made_heads(Kind kind);
table::NeuronSums made_sums(Kind kind);
store::NeuronTables made_neurons(Kind kind);

// SHA-256 over everything read, in a fixed order.
std::string digest(const store::DiscoveryContents& contents);

}  // namespace hones::test
