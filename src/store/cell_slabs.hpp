// Which cells of a task's table this rank writes, and in which order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <hones/comm/communicator.hpp>
#include <hones/table/cells.hpp>

#include "output_file.hpp"

namespace hones::store {

// Neighbouring columns [begin, end) of one instance. `block` is where their values lie (null: only the state
// is known).
struct Piece {
  std::int64_t instance = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const table::CellBlock* block = nullptr;

  std::int64_t columns() const { return end - begin; }
  // Index of the first column in the block.
  std::size_t offset() const { return static_cast<std::size_t>(begin - block->begin); }
};

using table::is_computed;  // other cells keep the file's fill value

// The computed cells of this rank's own blocks, ordered by (instance, column). InternalError when blocks
// overlap, have the wrong sizes, or contradict the complete states.
std::vector<Piece> computed_pieces(const table::TaskCells& cells);

// Cells that were not asked for belong to nobody; this rank's even share of the instances.
std::vector<Piece> not_asked_pieces(const table::TaskCells& cells, const comm::Communicator& world);

// The pieces as few rectangles of [N, columns] (plus whole trailing dimensions): instances of one unit share
// column ranges.
std::vector<Slab> rectangles(std::span<const Piece> pieces, const Dims& trailing = {});

std::int64_t count_cells(std::span<const Piece> pieces);

// answers/at and answers/ids: one row for column 0 of every computed instance and for every changed cell,
// ordered by (instance, column). Every rank knows all states, hence every row's place; it writes those of its
// own pieces.
struct AnswerRows {
  std::int64_t all = 0;
  std::vector<std::int64_t> mine;  // places, ascending
  std::vector<std::int32_t> at;    // [mine, 2]
  std::vector<std::int32_t> ids;   // [mine, limit], padded with -1
};
AnswerRows answer_rows(const table::TaskCells& cells, std::span<const Piece> pieces);

// Ascending rows as slabs of [rows, width].
std::vector<Slab> row_slabs(std::span<const std::int64_t> rows, std::int64_t width);

}  // namespace hones::store
