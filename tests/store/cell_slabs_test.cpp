#include "cell_slabs.hpp"

#include <set>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>

#include "store/made_run.hpp"

namespace hones::store {
namespace {

using table::CellState;
using test::Kind;

std::set<std::pair<std::int64_t, std::int64_t>> cells_of(const std::vector<Slab>& slabs) {
  std::set<std::pair<std::int64_t, std::int64_t>> cells;
  for (const Slab& slab : slabs) {
    for (hsize_t i = 0; i < slab.count[0]; ++i) {
      for (hsize_t c = 0; c < slab.count[1]; ++c) {
        EXPECT_TRUE(cells.emplace(slab.start[0] + i, slab.start[1] + c).second) << "slabs overlap";
      }
    }
  }
  return cells;
}

TEST(CellSlabs, AreTheComputedCellsOfThisRank) {
  std::set<std::pair<std::int64_t, std::int64_t>> all;
  for (int rank = 0; rank < 4; ++rank) {
    const auto cells = test::made_cells(Kind::vqa, rank, 4);
    const auto pieces = computed_pieces(cells);
    const auto mine = cells_of(rectangles(pieces));
    EXPECT_EQ(static_cast<std::int64_t>(mine.size()), count_cells(pieces));
    for (const auto& cell : mine) EXPECT_TRUE(all.insert(cell).second) << "two ranks have the same cell";
  }
  const auto cells = test::made_cells(Kind::vqa, 0, 4);
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    for (std::int64_t c = 0; c < cells.shape.columns(); ++c) {
      EXPECT_EQ(all.count({i, c}), is_computed(cells.states[cells.at(i, c)]) ? 1u : 0u) << i << " " << c;
    }
  }
}

TEST(CellSlabs, RectanglesJoinInstancesWithTheSameColumns) {
  const std::vector<Piece> pieces{{0, 0, 5}, {0, 9, 12}, {1, 0, 5}, {1, 9, 12}, {2, 9, 12}, {4, 0, 5}};
  const auto slabs = rectangles(pieces, {7});
  ASSERT_EQ(slabs.size(), 3u);
  EXPECT_EQ(slabs[0].start, (Dims{0, 0, 0}));
  EXPECT_EQ(slabs[0].count, (Dims{2, 5, 7}));
  EXPECT_EQ(slabs[1].start, (Dims{0, 9, 0}));
  EXPECT_EQ(slabs[1].count, (Dims{3, 3, 7}));
  EXPECT_EQ(slabs[2].start, (Dims{4, 0, 0}));
  EXPECT_EQ(slabs[2].count, (Dims{1, 5, 7}));
}

TEST(CellSlabs, AnswersHaveTheirPlaceInTheWholeFile) {
  const auto whole = test::made_cells(Kind::vqa, -1, 1);
  const auto everything = answer_rows(whole, computed_pieces(whole));
  ASSERT_EQ(everything.all, static_cast<std::int64_t>(everything.mine.size()));
  std::set<std::int64_t> seen;
  for (int rank = 0; rank < 3; ++rank) {
    const auto cells = test::made_cells(Kind::vqa, rank, 3);
    const auto rows = answer_rows(cells, computed_pieces(cells));
    EXPECT_EQ(rows.all, everything.all);
    ASSERT_EQ(rows.at.size(), 2 * rows.mine.size());
    ASSERT_EQ(rows.ids.size(), static_cast<std::size_t>(cells.answer_limit) * rows.mine.size());
    for (std::size_t r = 0; r < rows.mine.size(); ++r) {
      const auto row = static_cast<std::size_t>(rows.mine[r]);
      EXPECT_TRUE(seen.insert(rows.mine[r]).second);
      EXPECT_EQ(rows.at[2 * r], everything.at[2 * row]);
      EXPECT_EQ(rows.at[2 * r + 1], everything.at[2 * row + 1]);
    }
  }
  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), everything.all);
  for (std::int64_t r = 1; r < everything.all; ++r) {  // ordered by (instance, column)
    const auto at = static_cast<std::size_t>(2 * r);
    EXPECT_LT(std::pair(everything.at[at - 2], everything.at[at - 1]),
              std::pair(everything.at[at], everything.at[at + 1]));
  }
}

TEST(CellSlabs, RowsJoin) {
  const std::vector<std::int64_t> rows{0, 1, 2, 5, 7, 8};
  const auto slabs = row_slabs(rows, 4);
  ASSERT_EQ(slabs.size(), 3u);
  EXPECT_EQ(slabs[0].count, (Dims{3, 4}));
  EXPECT_EQ(slabs[1].start, (Dims{5, 0}));
  EXPECT_EQ(slabs[2].count, (Dims{2, 4}));
  EXPECT_TRUE(row_slabs({}, 4).empty());
}

TEST(CellSlabs, WrongBlocksAreRefused) {
  const auto good = test::made_cells(Kind::vqa, 0, 1);
  EXPECT_NO_THROW(computed_pieces(good));
  const auto refused = [&](auto change) {
    auto cells = good;
    change(cells);
    EXPECT_THROW(computed_pieces(cells), InternalError);
  };
  refused([](auto& cells) { cells.own.push_back(cells.own.back()); });  // twice
  refused([](auto& cells) { cells.own.back().utility.pop_back(); });
  refused([](auto& cells) { cells.own.back().instance = cells.size(); });
  refused([](auto& cells) { cells.own.back().begin = cells.shape.columns() - 1; });
  refused([](auto& cells) {
    cells.own.back().states.back() = CellState::invalid;
    cells.states.assign(cells.states.size(), CellState::changed);
  });
  refused([](auto& cells) { cells.own.back().scores.push_back(1); });
  refused([](auto& cells) { cells.own.back().answers.clear(); });
  auto cells = good;
  for (auto& block : cells.own) {
    for (auto& answer : block.answers) answer.resize(static_cast<std::size_t>(cells.answer_limit) + 1);
  }
  EXPECT_THROW(answer_rows(cells, computed_pieces(cells)), InternalError);  // longer than the limit
}

}  // namespace
}  // namespace hones::store
