// What discovery.h5 and ledger.h5 hold of a task alike: the header, instances, cells, answers, neuron sums
// (docs/outputs.md). All functions are collective.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/metric/named.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>

#include "cell_slabs.hpp"
#include "output_file.hpp"

namespace hones::store {

// Attributes of the root, /environment, /settings_json, and the empty group /tasks.
void write_header(OutputFile& out, const FileHeader& header);
// Rows of (layer, head).
std::vector<std::int32_t> pairs(const std::vector<table::Head>& heads);

// Every computed cell is some rank's, once: InternalError where cells.states and what the ranks hold (`mine`
// here) are not the same table.
void require_all_owned(comm::Communicator& world, const table::TaskCells& cells, std::int64_t mine,
                       std::chrono::duration<double> limit);

// What the task's metric counts of every cell, and how files call it; null: nothing.
const metric::Counts* kept_counts(const table::TaskCells& cells);

// GROUP/image_id, item_id, status, reason.
void write_instances(OutputFile& out, const std::string& group, const table::TaskCells& cells);
// GROUP/cell, utility, answer_logprob, scores, the metric's counts: each rank its own pieces.
void write_cells(OutputFile& out, const comm::Communicator& world, const std::string& group,
                 const table::TaskCells& cells, const std::vector<Piece>& mine);
// GROUP/at, ids.
void write_answers(OutputFile& out, const std::string& group, const table::TaskCells& cells,
                   const std::vector<Piece>& mine);
// GROUP/heads, valid and the three sums, equal on every rank.
void write_sums(OutputFile& out, const std::string& group, const table::NeuronSums& sums,
                const table::Shape& shape);

}  // namespace hones::store
