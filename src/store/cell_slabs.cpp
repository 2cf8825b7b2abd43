#include "cell_slabs.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include <hones/base/error.hpp>

namespace hones::store {

namespace {

using table::CellBlock;
using table::CellState;
using table::InstanceState;
using table::TaskCells;

void require_sizes(const TaskCells& cells, const CellBlock& block) {
  const std::size_t n = block.states.size();
  const std::string where = cells.task + ", instance " + std::to_string(block.instance) + ", column " +
                            std::to_string(block.begin) + ", " + std::to_string(n) + " columns";
  HONES_ASSERT(block.instance >= 0 && block.instance < cells.size(), where);
  HONES_ASSERT(block.begin >= 0 && block.begin + static_cast<std::int64_t>(n) <= cells.shape.columns(),
               where);
  HONES_ASSERT(block.utility.size() == n && block.answer_logprob.size() == n, where);
  HONES_ASSERT(block.scores.size() == n * static_cast<std::size_t>(cells.candidates), where);
  HONES_ASSERT(block.counts.size() == n * static_cast<std::size_t>(cells.counts), where);
  HONES_ASSERT(block.environment.size() == (cells.by_environment ? n : 0), where);
  HONES_ASSERT(block.answers.size() == n || cells.answer_limit == 0, where);
}

// Appends the runs of [begin, end) in which belongs(column) holds.
template <typename Belongs>
void append_runs(std::vector<Piece>& pieces, std::int64_t instance, std::int64_t begin, std::int64_t end,
                 const CellBlock* block, Belongs belongs) {
  for (std::int64_t column = begin; column < end; ++column) {
    if (!belongs(column)) continue;
    const bool continues = !pieces.empty() && pieces.back().instance == instance &&
                           pieces.back().end == column && pieces.back().block == block;
    if (continues) {
      ++pieces.back().end;
    } else {
      pieces.push_back({instance, column, column + 1, block});
    }
  }
}

bool has_answer(const TaskCells& cells, std::int64_t instance, std::int64_t column) {
  const CellState state = cells.states[cells.at(instance, column)];
  if (column > 0) return state == CellState::changed;
  return is_computed(state) &&
         cells.instances[static_cast<std::size_t>(instance)].state != InstanceState::excluded;
}

}  // namespace

std::vector<Piece> computed_pieces(const TaskCells& cells) {
  std::vector<Piece> pieces;
  for (const CellBlock& block : cells.own) {
    require_sizes(cells, block);
    const auto end = block.begin + static_cast<std::int64_t>(block.states.size());
    append_runs(pieces, block.instance, block.begin, end, &block, [&](std::int64_t column) {
      const CellState state = block.states[static_cast<std::size_t>(column - block.begin)];
      if (!is_computed(state)) return false;
      HONES_ASSERT(state == cells.states[cells.at(block.instance, column)],
                   cells.task + ": a block's state is not the table's, instance " +
                       std::to_string(block.instance) + ", column " + std::to_string(column));
      return true;
    });
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return std::tie(a.instance, a.begin) < std::tie(b.instance, b.begin);
  });
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    HONES_ASSERT(pieces[i - 1].instance < pieces[i].instance || pieces[i - 1].end <= pieces[i].begin,
                 cells.task + ": computed twice, instance " + std::to_string(pieces[i].instance));
  }
  return pieces;
}

std::vector<Piece> not_asked_pieces(const TaskCells& cells, const comm::Communicator& world) {
  std::vector<Piece> pieces;
  const std::int64_t begin = cells.size() * world.rank() / world.size();
  const std::int64_t end = cells.size() * (world.rank() + 1) / world.size();
  for (std::int64_t instance = begin; instance < end; ++instance) {
    append_runs(pieces, instance, 0, cells.shape.columns(), nullptr, [&](std::int64_t column) {
      return cells.states[cells.at(instance, column)] == CellState::not_asked;
    });
  }
  return pieces;
}

std::vector<Slab> rectangles(std::span<const Piece> pieces, const Dims& trailing) {
  std::vector<Slab> slabs;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> last;  // column range -> its latest rectangle
  for (const Piece& piece : pieces) {
    const auto known = last.find({piece.begin, piece.end});
    if (known != last.end()) {
      Slab& slab = slabs[known->second];
      if (slab.start[0] + slab.count[0] == static_cast<hsize_t>(piece.instance)) {
        ++slab.count[0];
        continue;
      }
    }
    Slab slab{{static_cast<hsize_t>(piece.instance), static_cast<hsize_t>(piece.begin)},
              {1, static_cast<hsize_t>(piece.columns())}};
    slab.start.resize(2 + trailing.size(), 0);
    slab.count.insert(slab.count.end(), trailing.begin(), trailing.end());
    last[{piece.begin, piece.end}] = slabs.size();
    slabs.push_back(std::move(slab));
  }
  return slabs;
}

std::int64_t count_cells(std::span<const Piece> pieces) {
  std::int64_t count = 0;
  for (const Piece& piece : pieces) count += piece.columns();
  return count;
}

AnswerRows answer_rows(const TaskCells& cells, std::span<const Piece> pieces) {
  AnswerRows rows;
  const auto limit = static_cast<std::size_t>(cells.answer_limit);
  auto piece = pieces.begin();
  for (std::int64_t instance = 0; instance < cells.size(); ++instance) {
    for (std::int64_t column = 0; column < cells.shape.columns(); ++column) {
      while (piece != pieces.end() && std::tie(piece->instance, piece->end) <= std::tuple(instance, column))
        ++piece;
      if (!has_answer(cells, instance, column)) continue;
      const std::int64_t row = rows.all++;
      const bool mine = piece != pieces.end() && piece->instance == instance && piece->begin <= column;
      if (!mine) continue;
      const auto& answer = piece->block->answers[static_cast<std::size_t>(column - piece->block->begin)];
      HONES_ASSERT(answer.size() <= limit,
                   cells.task + ": an answer of " + std::to_string(answer.size()) + " ids");
      rows.mine.push_back(row);
      rows.at.push_back(static_cast<std::int32_t>(instance));
      rows.at.push_back(static_cast<std::int32_t>(column));
      rows.ids.insert(rows.ids.end(), answer.begin(), answer.end());
      rows.ids.resize(rows.mine.size() * limit, -1);
    }
  }
  return rows;
}

std::vector<Slab> row_slabs(std::span<const std::int64_t> rows, std::int64_t width) {
  std::vector<Slab> slabs;
  for (const std::int64_t row : rows) {
    if (!slabs.empty() && slabs.back().start[0] + slabs.back().count[0] == static_cast<hsize_t>(row)) {
      ++slabs.back().count[0];
    } else {
      slabs.push_back({{static_cast<hsize_t>(row), 0}, {1, static_cast<hsize_t>(width)}});
    }
  }
  return slabs;
}

}  // namespace hones::store
