#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/comm/archive.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>

namespace hones::table {
namespace {

TEST(Shape, ColumnsArePlainThenHeadsByLayer) {
  const Shape shape{3, 4, 10};
  EXPECT_EQ(shape.columns(), 13);
  std::set<std::int64_t> seen{0};  // the plain column
  std::int64_t last = 0;
  for (std::int64_t l = 0; l < 3; ++l) {
    for (std::int64_t h = 0; h < 4; ++h) {
      EXPECT_EQ(shape.column(l, h), last + 1);
      last = shape.column(l, h);
      seen.insert(last);
    }
  }
  EXPECT_EQ(seen.size(), 13u);
  EXPECT_EQ(last, shape.columns() - 1);
}

TEST(Cells, StartEmpty) {
  TaskCells cells;
  cells.shape = {2, 3, 5};
  cells.instances.resize(4);
  resize(cells);
  EXPECT_EQ(cells.size(), 4);
  ASSERT_EQ(cells.states.size(), 28u);
  ASSERT_EQ(cells.utility.size(), 28u);
  ASSERT_EQ(cells.answer_logprob.size(), 28u);
  for (std::size_t i = 0; i < 28; ++i) {
    EXPECT_EQ(cells.states[i], CellState::not_done);
    EXPECT_TRUE(std::isnan(cells.utility[i]));
    EXPECT_TRUE(std::isnan(cells.answer_logprob[i]));
  }
  EXPECT_EQ(cells.at(0, 0), 0u);
  EXPECT_EQ(cells.at(3, 6), 27u);
  EXPECT_EQ(cells.at(1, 0), cells.at(0, 6) + 1);
  // Used again for another run: nothing of the old one stays.
  cells.states[3] = CellState::changed;
  cells.instances.resize(1);
  resize(cells);
  EXPECT_EQ(cells.states, std::vector<CellState>(7, CellState::not_done));
}

TEST(Cells, BlocksTravelInMessages) {
  CellBlock block;
  block.instance = 5;
  block.begin = 3;
  block.states = {CellState::changed, CellState::invalid};
  block.utility = {0.25, std::nan("")};
  block.answer_logprob = {-1.5f, -0.0f};
  block.scores = {1, 2, 3, 4};
  block.counts = {65535, 7};
  block.answers = {{1, 2, 3}, {}};
  const auto back = comm::from_bytes<CellBlock>(comm::to_bytes(block));
  EXPECT_EQ(back.instance, 5);
  EXPECT_EQ(back.begin, 3);
  EXPECT_EQ(back.states, block.states);
  EXPECT_EQ(back.utility[0], 0.25);
  EXPECT_TRUE(std::isnan(back.utility[1]));
  EXPECT_EQ(back.answer_logprob, block.answer_logprob);
  EXPECT_EQ(back.scores, block.scores);
  EXPECT_EQ(back.counts, block.counts);
  EXPECT_EQ(back.answers, block.answers);
}

TEST(Neurons, SumsStartAtZeroInTheScaleOfTheTask) {
  const Shape shape{2, 3, 5};
  const auto sums = make_sums(shape, {{1, 2}, {0, 0}, {1, 0}}, 100);
  ASSERT_EQ(sums.heads.size(), 3u);
  EXPECT_EQ(sums.heads[0], (Head{1, 2}));
  EXPECT_EQ(sums.valid, std::vector<std::int64_t>(3, 0));
  EXPECT_EQ(sums.head_drop_sum, std::vector<std::int64_t>(30, 0));
  EXPECT_EQ(sums.head_signed_sum, std::vector<std::int64_t>(30, 0));
  EXPECT_EQ(sums.plain_sum, std::vector<std::int64_t>(10, 0));
  EXPECT_EQ(sums.plain_instances, 0);
  EXPECT_EQ(sums.scale, fixed::kScale);
  EXPECT_EQ(make_sums(shape, {}, fixed::kMaxInstances + 1).scale, fixed::kCoarseScale);
}

TEST(Neurons, SumsOfSomeHeadsAreThoseOfEach) {
  NeuronSums sums = make_sums({1, 3, 2}, {{0, 2}, {0, 0}, {0, 1}}, fixed::kMaxInstances + 1);
  sums.valid = {5, 6, 7};
  sums.head_drop_sum = {1, 2, 3, 4, 5, 6};
  sums.head_signed_sum = {-1, -2, -3, -4, -5, -6};
  sums.plain_sum = {8, 9};
  sums.plain_instances = 10;
  const NeuronSums some = sums_of(sums, {{0, 1}, {0, 2}});
  EXPECT_EQ(some.heads, (std::vector<Head>{{0, 1}, {0, 2}}));
  EXPECT_EQ(some.valid, (std::vector<std::int64_t>{7, 5}));
  EXPECT_EQ(some.head_drop_sum, (std::vector<std::int64_t>{5, 6, 1, 2}));
  EXPECT_EQ(some.head_signed_sum, (std::vector<std::int64_t>{-5, -6, -1, -2}));
  EXPECT_EQ(some.plain_sum, sums.plain_sum);
  EXPECT_EQ(some.plain_instances, 10);
  EXPECT_EQ(some.scale, fixed::kCoarseScale);
  EXPECT_THROW(sums_of(sums, {{1, 0}}), InternalError);
}

TEST(Neurons, HeadsAreOrderedByLayerThenHead) {
  EXPECT_LT((Head{0, 7}), (Head{1, 0}));
  EXPECT_LT((Head{1, 0}), (Head{1, 1}));
}

TEST(Cells, BlocksComeToTheirPlaces) {
  TaskCells cells;
  cells.shape = {2, 2, 5};  // 5 columns
  cells.instances.resize(2);
  cells.counts = 3;
  resize(cells);
  CellBlock block;
  block.instance = 1;
  block.begin = 3;
  block.states = {CellState::changed, CellState::unchanged};
  block.utility = {0.25, 0.5};
  block.answer_logprob = {-1.0F, -2.0F};
  for (std::uint16_t i = 0; i < 2 * 3; ++i) block.counts.push_back(i);
  cells.own = {block};

  place_blocks(cells);
  EXPECT_EQ(cells.states[8], CellState::changed);
  EXPECT_EQ(cells.states[9], CellState::unchanged);
  EXPECT_EQ(cells.utility[8], 0.25);
  EXPECT_EQ(cells.utility[9], 0.5);
  EXPECT_EQ(cells.answer_logprob[9], -2.0F);
  for (std::size_t at = 0; at < 8; ++at) EXPECT_EQ(cells.states[at], CellState::not_done) << at;

  const std::vector<std::uint16_t> counts = counts_of(cells, 7);
  ASSERT_EQ(counts.size(), 10 * 3);
  for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_EQ(counts[i], i < 8 * 3 ? 7 : i - 8 * 3) << i;
  cells.counts = 0;
  cells.own[0].counts.clear();
  EXPECT_TRUE(counts_of(cells, 7).empty());
}

}  // namespace
}  // namespace hones::table
