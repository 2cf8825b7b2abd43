// docs/method.md 3.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hones/attribution/heads.hpp>
#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

namespace hones::attribution {
namespace {

using table::CellState;
using table::Head;
using table::HeadTables;
using table::InstanceState;
using table::Shape;
using table::TaskCells;

using Values = std::vector<double>;
using Counts = std::vector<std::uint32_t>;

const double kNan = std::numeric_limits<double>::quiet_NaN();

// A table from rows of utilities, plain column first: NaN is an invalid cell, what differs from the plain
// value is a changed answer.
TaskCells made(const Shape& shape, const std::vector<Values>& rows, const std::string& task = "vqa") {
  TaskCells cells;
  cells.task = task;
  cells.shape = shape;
  cells.instances.resize(rows.size());
  table::resize(cells);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    cells.instances[i].state = InstanceState::done;
    for (std::size_t column = 0; column < rows[i].size(); ++column) {
      const std::size_t at = i * rows[i].size() + column;
      const double value = rows[i][column];
      cells.utility[at] = value;
      cells.states[at] = std::isnan(value)          ? CellState::invalid
                         : value == rows[i].front() ? CellState::unchanged
                                                    : CellState::changed;
    }
  }
  return cells;
}

void count_bleu(TaskCells& cells) {
  cells.metric = "bleu4:sentence";
  cells.counts = 10;
}

void set(TaskCells& cells, std::int64_t instance, std::int64_t column, CellState state) {
  cells.states[cells.at(instance, column)] = state;
  cells.utility[cells.at(instance, column)] = kNan;
}

HeadOptions few_resamples(std::int64_t top_k = 30) {
  return {top_k, 3407, 40, choice::CaptionBleu::mean};
}

HeadTables tables_of(const TaskCells& cells, const HeadOptions& options = few_resamples()) {
  return head_tables(cells, {}, options);
}

void expect_near(const Values& found, const Values& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(std::isnan(found[i]), std::isnan(expected[i])) << what << " " << i;
    if (std::isnan(expected[i])) {
      EXPECT_FALSE(std::signbit(found[i])) << what << " " << i;  // the bits are stored, and printf says -nan
      continue;
    }
    EXPECT_NEAR(found[i], expected[i], tolerance) << what << " " << i;
  }
}

TEST(Heads, ImportanceIsTheSignedMeanDrop) {
  const TaskCells cells = made({2, 2, 1}, {{1.0, 0.5, 1.0, 0.0, 1.0},  //
                                           {0.5, 0.5, 0.75, 0.0, 1.0},
                                           {0.0, 0.0, 0.25, 0.0, 1.0},
                                           {1.0, 0.0, 1.0, 0.0, 1.0}});
  const HeadTables tables = tables_of(cells);
  EXPECT_EQ(tables.importance, (Values{0.375, -0.125, 0.625, -0.375}));
  EXPECT_EQ(tables.plain_metric, 0.625);
  EXPECT_EQ(tables.plain_together, 0);
  EXPECT_EQ(tables.answers_changed, (Counts{2, 2, 3, 2}));
  EXPECT_EQ(tables.valid, (Counts{4, 4, 4, 4}));
  EXPECT_EQ(tables.top, (std::vector<Head>{{1, 0}, {0, 0}, {0, 1}, {1, 1}}));
}

TEST(Heads, AnInvalidCellIsLeftOutAlone) {
  const TaskCells cells = made({1, 2, 1}, {{1.0, 0.0, 0.5},  //
                                           {0.5, kNan, 0.5},
                                           {0.0, 0.5, 1.0},
                                           {0.5, kNan, 0.25}});
  const HeadTables tables = tables_of(cells);
  EXPECT_EQ(tables.importance, (Values{0.25, -0.0625}));
  EXPECT_EQ(tables.valid, (Counts{2, 4}));
  EXPECT_EQ(tables.answers_changed, (Counts{2, 3}));
  EXPECT_EQ(tables.plain_metric, 0.5);
}

TEST(Heads, AHeadNotAskedForIsNotRanked) {
  TaskCells cells = made({2, 2, 1}, {{1.0, 1.0, 0.5, 1.0, 0.5}, {1.0, 1.0, 0.0, 1.0, 0.5}});
  for (const std::int64_t instance : {0, 1}) {
    set(cells, instance, 1, CellState::not_asked);
    set(cells, instance, 3, CellState::not_asked);
  }
  const HeadTables tables = tables_of(cells);
  expect_near(tables.importance, {kNan, 0.75, kNan, 0.5}, 0, "importance");
  expect_near({tables.ci_low[0], tables.ci_high[2]}, {kNan, kNan}, 0, "interval");
  EXPECT_EQ(tables.ci_low[3], 0.5);
  EXPECT_EQ(tables.valid, (Counts{0, 2, 0, 2}));
  EXPECT_EQ(tables.answers_changed, (Counts{0, 2, 0, 2}));
  EXPECT_EQ(tables.top, (std::vector<Head>{{0, 1}, {1, 1}}));
  EXPECT_EQ(ranked_heads(tables, cells.shape), tables.top);
  EXPECT_EQ(tables.split_half_overlap, 1);
}

TEST(Heads, ExcludedAndUnfinishedInstancesCountNowhere) {
  const std::vector<Values> kept{{1.0, 0.5, 0.25}, {0.5, 0.5, 0.0}, {0.75, 1.0, 0.5}};
  const TaskCells without = made({1, 2, 1}, kept);
  // An excluded one in front, one without a plain run in the middle, one not done at the end.
  TaskCells with =
      made({1, 2, 1}, {{0.0, 1.0, 1.0}, kept[0], kept[1], {kNan, 0.5, 0.75}, kept[2], {0.25, 0.0, 1.0}});
  with.instances[0].state = InstanceState::excluded;
  with.instances[5].state = InstanceState::not_done;
  const HeadTables expected = tables_of(without), found = tables_of(with);
  EXPECT_EQ(found.importance, expected.importance);
  EXPECT_EQ(found.ci_low, expected.ci_low);
  EXPECT_EQ(found.ci_high, expected.ci_high);
  EXPECT_EQ(found.valid, expected.valid);
  EXPECT_EQ(found.answers_changed, expected.answers_changed);
  EXPECT_EQ(found.top, expected.top);
  EXPECT_EQ(found.plain_metric, expected.plain_metric);
  EXPECT_EQ(found.plain_metric, 0.75);
  EXPECT_EQ(found.split_half_overlap, expected.split_half_overlap);
}

TEST(Heads, WithoutAnInstanceNothingIsKnown) {
  TaskCells cells = made({1, 2, 1}, {{1.0, 0.5, 0.5}});
  cells.instances[0].state = InstanceState::excluded;
  for (const TaskCells& none : {cells, made({1, 2, 1}, {})}) {
    const HeadTables tables = tables_of(none);
    expect_near(tables.importance, {kNan, kNan}, 0, "importance");
    expect_near(tables.ci_low, {kNan, kNan}, 0, "ci_low");
    expect_near(tables.ci_high, {kNan, kNan}, 0, "ci_high");
    EXPECT_EQ(tables.valid, (Counts{0, 0}));
    EXPECT_TRUE(tables.top.empty());
    expect_near({tables.plain_metric}, {kNan}, 0, "plain_metric");
    EXPECT_EQ(tables.plain_together, 0);
    EXPECT_TRUE(std::isnan(tables.split_half_overlap));
    expect_near(logprob_drop(none), {kNan, kNan}, 0, "logprob_drop");
  }
}

TEST(Heads, WithoutAnInstanceCaptionsHaveNoBleu) {
  TaskCells cells = made({1, 2, 1}, {{1.0, 0.5, 0.5}}, "caption");
  count_bleu(cells);
  cells.instances[0].state = InstanceState::excluded;
  HeadOptions options = few_resamples();
  options.caption_importance = choice::CaptionBleu::corpus;
  const HeadTables tables = head_tables(cells, std::vector<std::uint16_t>(30, 65535), options);
  EXPECT_EQ(tables.plain_together, 0);
  expect_near(tables.importance, {kNan, kNan}, 0, "importance");
}

TEST(Heads, TiesGoByLayerThenHead) {
  const TaskCells cells = made({3, 2, 1}, {{0.5, 0.25, 0.0, 0.25, 0.0, 0.75, 0.25}});
  const std::vector<Head> order{{0, 1}, {1, 1}, {0, 0}, {1, 0}, {2, 1}, {2, 0}};
  EXPECT_EQ(ranked_heads(tables_of(cells), cells.shape), order);
}

TEST(Heads, LayerAndHeadComeFromAShapeThatIsNotSquare) {
  const TaskCells cells = made({2, 3, 1}, {{1.0, 1.0, 1.0, 0.5, 0.0, 1.0, 1.0}});
  EXPECT_EQ(tables_of(cells, few_resamples(2)).top, (std::vector<Head>{{1, 0}, {0, 2}}));
}

TEST(Heads, TopIsCutToKAndToTheRankedHeads) {
  const TaskCells cells = made({1, 4, 1}, {{1.0, 0.75, kNan, 0.5, 0.0}, {1.0, 1.0, kNan, 0.5, 0.0}});
  EXPECT_EQ(tables_of(cells, few_resamples(1)).top, (std::vector<Head>{{0, 3}}));
  EXPECT_EQ(tables_of(cells, few_resamples(2)).top, (std::vector<Head>{{0, 3}, {0, 2}}));
  EXPECT_EQ(tables_of(cells, few_resamples(3)).top.size(), 3U);
  EXPECT_EQ(tables_of(cells, few_resamples(4)).top.size(), 3U);
  const HeadTables none = tables_of(cells, few_resamples(0));
  EXPECT_TRUE(none.top.empty());
  EXPECT_TRUE(std::isnan(none.split_half_overlap));
}

TEST(Heads, OneInstanceIsEnough) {
  const HeadTables tables = tables_of(made({1, 2, 1}, {{0.75, 0.5, 1.0}}));
  EXPECT_EQ(tables.plain_metric, 0.75);
  EXPECT_EQ(tables.importance, (Values{0.25, -0.25}));
  EXPECT_EQ(tables.ci_low, tables.importance);
  EXPECT_EQ(tables.ci_high, tables.importance);
}

TEST(Heads, TheOverlapNeedsTwoInstances) {
  const TaskCells one = made({1, 2, 1}, {{1.0, 0.5, 0.0}});
  EXPECT_TRUE(std::isnan(tables_of(one, few_resamples(1)).split_half_overlap));
  const TaskCells two = made({1, 2, 1}, {{1.0, 0.5, 1.0}, {1.0, 1.0, 0.5}});
  EXPECT_EQ(tables_of(two, few_resamples(1)).split_half_overlap, 0);
  EXPECT_EQ(tables_of(two, few_resamples(2)).split_half_overlap, 1);
}

TEST(Heads, EqualUtilitiesGiveExactlyZero) {
  for (const choice::CaptionBleu how : {choice::CaptionBleu::mean, choice::CaptionBleu::corpus}) {
    std::vector<Values> rows;
    std::vector<std::uint16_t> bleu;
    for (int i = 0; i < 7; ++i) {
      rows.emplace_back(5, 0.1 * i + 1.0 / 3);
      const auto length = static_cast<std::uint16_t>(6 + i);
      for (int column = 0; column < 5; ++column) {
        for (const int count : {6, 5, 4, 3, 4, 3, 2, 1}) bleu.push_back(static_cast<std::uint16_t>(count));
        bleu.insert(bleu.end(), {length, 7});
      }
    }
    TaskCells cells = made({2, 2, 1}, rows, "caption");
    count_bleu(cells);
    HeadOptions options = few_resamples();
    options.caption_importance = how;
    const HeadTables tables = head_tables(cells, bleu, options);
    EXPECT_EQ(tables.importance, Values(4, 0.0)) << choice::word(how);
    EXPECT_EQ(tables.ci_low, Values(4, 0.0)) << choice::word(how);
    EXPECT_EQ(tables.ci_high, Values(4, 0.0)) << choice::word(how);
    EXPECT_EQ(tables.answers_changed, Counts(4, 0)) << choice::word(how);
    EXPECT_EQ(tables.top, (std::vector<Head>{{0, 0}, {0, 1}, {1, 0}, {1, 1}})) << choice::word(how);
  }
}

// ---- The definitions once more, slowly. ----

// Whether a cell enters the statistics of its head.
bool counts_in(const TaskCells& cells, std::int64_t instance, std::int64_t column) {
  const auto ok = [&](std::int64_t c) {
    const CellState state = cells.states[cells.at(instance, c)];
    return state == CellState::unchanged || state == CellState::changed;
  };
  return cells.instances[static_cast<std::size_t>(instance)].state == InstanceState::done && ok(0) &&
         ok(column);
}

std::vector<std::int64_t> usable(const TaskCells& cells) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < cells.size(); ++i)
    if (counts_in(cells, i, 0)) rows.push_back(i);
  return rows;
}

// BLEU-4 of summed counts (docs/benchmark.md 3.5).
double corpus_bleu4(const std::array<double, 10>& counts) {
  double product = 1;
  for (std::size_t n = 0; n < 4; ++n) product *= (counts[4 + n] + 1e-15) / (counts[n] + 1e-9);
  const double ratio = (counts[8] + 1e-15) / (counts[9] + 1e-9);
  return std::pow(product, 0.25) * (ratio < 1 ? std::exp(1 - 1 / ratio) : 1);
}

std::array<double, 10> summed(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                              const std::vector<std::int64_t>& rows, std::int64_t head, bool intervened) {
  std::array<double, 10> sum{};
  for (const std::int64_t row : rows) {
    if (!counts_in(cells, row, head)) continue;
    for (std::size_t n = 0; n < 10; ++n) sum[n] += bleu[cells.at(row, intervened ? head : 0) * 10 + n];
  }
  return sum;
}

// I of one column over a multiset of instances; NaN where no cell counts.
double slow_importance(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                       const std::vector<std::int64_t>& rows, std::int64_t column, bool corpus) {
  double sum = 0, count = 0;
  for (const std::int64_t row : rows) {
    if (!counts_in(cells, row, column)) continue;
    sum += cells.utility[cells.at(row, 0)] - cells.utility[cells.at(row, column)];
    count += 1;
  }
  if (count == 0) return kNan;
  if (!corpus) return sum / count;
  return corpus_bleu4(summed(cells, bleu, rows, column, false)) -
         corpus_bleu4(summed(cells, bleu, rows, column, true));
}

double slow_percentile(Values values, double q) {
  if (values.empty()) return kNan;
  std::sort(values.begin(), values.end());
  const double at = q * (static_cast<double>(values.size()) - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] * (1 - (at - std::floor(at))) + values[high] * (at - std::floor(at));
}

// All resamples from one generator, one draw after the other.
std::vector<std::vector<std::int64_t>> slow_resamples(const TaskCells& cells, const HeadOptions& options) {
  const std::vector<std::int64_t> rows = usable(cells);
  SplitMix64 rng(key(options.seed, "ci", cells.task));
  std::vector<std::vector<std::int64_t>> all(static_cast<std::size_t>(options.resamples));
  for (auto& drawn : all)
    for (std::size_t i = 0; i < rows.size(); ++i) drawn.push_back(rows[rng.below(rows.size())]);
  return all;
}

struct SlowColumns {
  Values importance, low, high;
  Counts valid, changed;
};

SlowColumns slow_columns(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                         const HeadOptions& options) {
  const bool corpus = cells.counts > 0 && options.caption_importance == choice::CaptionBleu::corpus;
  const std::vector<std::int64_t> rows = usable(cells);
  SlowColumns columns;
  for (std::int64_t column = 1; column <= cells.shape.layers * cells.shape.heads; ++column) {
    columns.importance.push_back(slow_importance(cells, bleu, rows, column, corpus));
    Values resampled;
    for (const auto& drawn : slow_resamples(cells, options)) {
      const double value = slow_importance(cells, bleu, drawn, column, corpus);
      if (!std::isnan(value)) resampled.push_back(value);
    }
    columns.low.push_back(slow_percentile(resampled, 0.025));
    columns.high.push_back(slow_percentile(resampled, 0.975));
    columns.valid.push_back(0);
    columns.changed.push_back(0);
    for (const std::int64_t row : rows) {
      columns.valid.back() += counts_in(cells, row, column);
      columns.changed.back() += cells.states[cells.at(row, column)] == CellState::changed;
    }
  }
  return columns;
}

std::vector<Head> slow_top(const Values& importance, const Shape& shape, std::int64_t top_k) {
  std::vector<std::pair<double, std::int64_t>> order;
  for (std::size_t h = 0; h < importance.size(); ++h)
    if (!std::isnan(importance[h])) order.emplace_back(-importance[h], h);
  std::sort(order.begin(), order.end());
  std::vector<Head> top;
  for (const auto& [negative, h] : order) {
    if (static_cast<std::int64_t>(top.size()) == top_k) break;
    top.push_back({static_cast<std::int32_t>(h / shape.heads), static_cast<std::int32_t>(h % shape.heads)});
  }
  return top;
}

double slow_overlap(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                    const HeadOptions& options, std::size_t top) {
  const bool corpus = cells.counts > 0 && options.caption_importance == choice::CaptionBleu::corpus;
  const std::vector<std::int64_t> rows = usable(cells);
  const std::int64_t heads = cells.shape.layers * cells.shape.heads;
  std::vector<std::string> ids;
  for (const std::int64_t row : rows) {
    const table::Instance& instance = cells.instances[static_cast<std::size_t>(row)];
    ids.push_back(instance.image_id + "|" + instance.item_id);
  }
  const auto of_half = [&](std::span<const std::int64_t> half) {
    std::vector<std::int64_t> chosen;
    for (const std::int64_t i : half) chosen.push_back(rows[static_cast<std::size_t>(i)]);
    std::sort(chosen.begin(), chosen.end());
    Values values;
    for (std::int64_t h = 0; h < heads; ++h)
      values.push_back(slow_importance(cells, bleu, chosen, 1 + h, corpus));
    return values;
  };
  return stats::split_half_overlap(ids, heads, static_cast<std::int64_t>(top), options.seed, of_half);
}

void expect_slow(const TaskCells& cells, const std::vector<std::uint16_t>& bleu, const HeadOptions& options) {
  const std::vector<std::int64_t> rows = usable(cells);
  const SlowColumns slow = slow_columns(cells, bleu, options);
  double plain = 0;
  for (const std::int64_t row : rows) plain += cells.utility[cells.at(row, 0)];

  const HeadTables tables = head_tables(cells, bleu, options);
  expect_near(tables.importance, slow.importance, 1e-12, "importance");
  expect_near(tables.ci_low, slow.low, 1e-12, "ci_low");
  expect_near(tables.ci_high, slow.high, 1e-12, "ci_high");
  EXPECT_EQ(tables.valid, slow.valid);
  EXPECT_EQ(tables.answers_changed, slow.changed);
  EXPECT_NEAR(tables.plain_metric, plain / static_cast<double>(rows.size()), 1e-12);
  if (cells.counts > 0) {
    EXPECT_NEAR(tables.plain_together, corpus_bleu4(summed(cells, bleu, rows, 0, false)), 1e-12);
  }
  EXPECT_EQ(tables.top, slow_top(tables.importance, cells.shape, options.top_k));
  const double overlap = slow_overlap(cells, bleu, options, tables.top.size());
  if (std::isnan(overlap)) {
    EXPECT_TRUE(std::isnan(tables.split_half_overlap));
  } else {
    EXPECT_NEAR(tables.split_half_overlap, overlap, 1e-12);
  }
}

// Utilities in eighths, so that ties occur; every kind of cell and of instance.
TaskCells random_cells(const Shape& shape, int instances, const std::string& task, std::uint64_t seed) {
  SplitMix64 rng(seed);
  std::vector<Values> rows;
  for (int i = 0; i < instances; ++i) {
    Values row;
    for (std::int64_t column = 0; column < shape.columns(); ++column)
      row.push_back(static_cast<double>(rng.below(9)) / 8);
    rows.push_back(row);
  }
  TaskCells cells = made(shape, rows, task);
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    for (std::int64_t column = 1; column < shape.columns(); ++column)
      if (rng.below(8) == 0) set(cells, i, column, CellState::invalid);
    set(cells, i, 2, CellState::not_asked);
    if (i != 4) set(cells, i, 3, CellState::invalid);  // many resamples hold no valid cell of this head
  }
  cells.instances[1].state = InstanceState::excluded;
  cells.instances[6].state = InstanceState::not_done;
  set(cells, 9, 0, CellState::invalid);
  return cells;
}

std::vector<std::uint16_t> random_bleu(const TaskCells& cells, std::uint64_t seed) {
  SplitMix64 rng(seed);
  std::vector<std::uint16_t> bleu;
  for (std::size_t cell = 0; cell < cells.states.size(); ++cell) {
    if (cells.states[cell] != CellState::unchanged && cells.states[cell] != CellState::changed) {
      bleu.insert(bleu.end(), 10, 65535);
      continue;
    }
    const auto length = 4 + rng.below(8);
    for (std::uint64_t n = 0; n < 4; ++n) bleu.push_back(static_cast<std::uint16_t>(length - n));
    for (std::uint64_t n = 0; n < 4; ++n)
      bleu.push_back(static_cast<std::uint16_t>(1 + rng.below(length - n)));
    bleu.push_back(static_cast<std::uint16_t>(length));
    bleu.push_back(static_cast<std::uint16_t>(5 + rng.below(6)));
  }
  return bleu;
}

TEST(HeadsSlowly, MeansAndIntervals) {
  HeadOptions options = few_resamples();
  options.resamples = 200;
  for (const std::int64_t top_k : {1, 4, 30}) {
    options.top_k = top_k;
    options.seed = 11 + static_cast<std::uint64_t>(top_k);
    expect_slow(random_cells({3, 4, 1}, 17, "ocr", options.seed), {}, options);
  }
}

TEST(HeadsSlowly, CorpusBleu) {
  HeadOptions options = few_resamples();
  options.resamples = 60;
  options.top_k = 3;
  TaskCells cells = random_cells({2, 4, 1}, 15, "caption", 5);
  count_bleu(cells);
  const std::vector<std::uint16_t> bleu = random_bleu(cells, 6);
  expect_slow(cells, bleu, options);
  const Values mean = head_tables(cells, bleu, options).importance;
  options.caption_importance = choice::CaptionBleu::corpus;
  expect_slow(cells, bleu, options);
  EXPECT_NE(head_tables(cells, bleu, options).importance, mean);
}

TEST(Heads, CorpusImportanceIsForCaptionsOnly) {
  const TaskCells cells = made({1, 2, 1}, {{1.0, 0.5, 0.0}, {1.0, 0.25, 0.0}});
  HeadOptions options = few_resamples();
  options.caption_importance = choice::CaptionBleu::corpus;
  EXPECT_EQ(head_tables(cells, {}, options).importance, (Values{0.625, 1.0}));
}

TEST(Heads, CorpusBleuByHand) {
  // Plain: every n-gram right. Head 0:0 halves what is right; head 0:1 says half as much, all of it right.
  const std::vector<std::uint16_t> bleu{8, 7, 6, 5, 8, 7, 6, 5, 8, 8,  //
                                        8, 8, 8, 8, 4, 4, 4, 4, 8, 8,  //
                                        4, 3, 2, 1, 4, 3, 2, 1, 4, 8};
  TaskCells cells = made({1, 2, 1}, {{1.0, 0.5, 0.4}}, "caption");
  count_bleu(cells);
  HeadOptions options = few_resamples();
  options.caption_importance = choice::CaptionBleu::corpus;
  const HeadTables tables = head_tables(cells, bleu, options);
  EXPECT_NEAR(tables.plain_together, 1, 1e-8);
  expect_near(tables.importance, {0.5, 1 - std::exp(-1.0)}, 1e-8, "importance");
  EXPECT_EQ(tables.ci_low, tables.importance);
  EXPECT_EQ(tables.ci_high, tables.importance);
}

TEST(Heads, IntervalsDependOnSeedAndTask) {
  HeadOptions options = few_resamples();
  const auto low = [&](const std::string& task) {
    return tables_of(random_cells({3, 4, 1}, 17, task, 3), options).ci_low[4];
  };
  const double first = low("vqa");
  EXPECT_EQ(low("vqa"), first);
  EXPECT_NE(low("ocr"), first);
  options.seed = 3408;
  EXPECT_NE(low("vqa"), first);
}

TEST(Heads, IntervalsEncloseTheImportance) {
  const HeadTables tables =
      tables_of(random_cells({3, 4, 1}, 17, "vqa", 8), {30, 3407, 1000, choice::CaptionBleu::mean});
  for (std::size_t h = 0; h < tables.importance.size(); ++h) {
    if (std::isnan(tables.importance[h])) continue;
    EXPECT_LE(tables.ci_low[h], tables.importance[h]) << h;
    EXPECT_GE(tables.ci_high[h], tables.importance[h]) << h;
  }
}

TEST(LogprobDrop, IsTheSignedMeanOverValidCells) {
  TaskCells cells = made({1, 3, 1}, {{1.0, 1.0, 0.5, kNan}, {1.0, 0.5, kNan, kNan}, {0.0, 1.0, 1.0, 1.0}});
  cells.answer_logprob = {-1.0F, -3.0F, -0.5F,  -9.0F,  //
                          -2.0F, -2.5F, -90.0F, -9.0F,  //
                          -4.0F, -4.0F, -4.0F,  -4.0F};
  cells.instances[2].state = InstanceState::excluded;
  expect_near(logprob_drop(cells), {1.25, -0.5, kNan}, 0, "logprob_drop");
}

TEST(Ranks, AreOneBasedDescendingTiesByIndexNanLast) {
  EXPECT_EQ(ranks({0.5, kNan, 2.0, 0.5, -1.0}), (std::vector<std::int64_t>{2, 5, 1, 3, 4}));
  EXPECT_TRUE(ranks({}).empty());
}

}  // namespace
}  // namespace hones::attribution
