// Drops, intervals and comparisons of masked rows against the definitions, computed here another way.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hones/attribution/ablation.hpp>
#include <hones/base/rng.hpp>
#include <hones/metric/bleu.hpp>
#include <hones/stats/stats.hpp>

namespace hones::attribution {
namespace {

using table::CellState;
using table::TaskCells;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// utilities[i][column]; NaN: invalid.
TaskCells table_of(const std::vector<std::vector<double>>& utilities) {
  TaskCells cells;
  cells.task = "made";
  cells.shape = {2, 4, 8, static_cast<std::int64_t>(utilities.front().size()) - 1};
  cells.instances.resize(utilities.size());
  for (auto& instance : cells.instances) instance.state = table::InstanceState::done;
  table::resize(cells);
  for (std::size_t i = 0; i < utilities.size(); ++i) {
    for (std::size_t c = 0; c < utilities[i].size(); ++c) {
      const std::size_t at = cells.at(static_cast<std::int64_t>(i), static_cast<std::int64_t>(c));
      cells.states[at] = std::isnan(utilities[i][c]) ? CellState::invalid : CellState::changed;
      cells.utility[at] = utilities[i][c];
    }
  }
  return cells;
}

AblationOptions options_of(std::int64_t resamples = 400) {
  return {3407, resamples, choice::CaptionBleu::corpus};
}

// 40 instances, three rows, drawn by seed.
std::vector<std::vector<double>> drawn() {
  SplitMix64 rng(5);
  std::vector<std::vector<double>> utilities;
  for (int i = 0; i < 40; ++i) {
    const double plain = rng.uniform();
    utilities.push_back({plain, plain * rng.uniform(), plain - 0.1 * rng.uniform(), plain});
  }
  return utilities;
}

TEST(Ablation, DropIsBaseMinusMaskedWithTheIntervalOfTheMean) {
  const auto utilities = drawn();
  const Ablation ablation(table_of(utilities), {}, options_of());
  std::vector<double> drops;
  double base = 0, masked = 0;
  for (const auto& row : utilities) {
    drops.push_back(row[0] - row[1]);
    base += row[0] / 40;
    masked += row[1] / 40;
  }
  const Drop drop = ablation.drop({0});
  EXPECT_NEAR(drop.base, base, 1e-12);
  EXPECT_NEAR(drop.masked, masked, 1e-12);
  EXPECT_NEAR(drop.absolute, base - masked, 1e-12);
  EXPECT_NEAR(drop.relative_percent, 100 * (base - masked) / base, 1e-10);
  EXPECT_EQ(drop.instances, 40);
  const stats::Interval interval =
      stats::bootstrap_mean_interval(drops, stats::Resamples(key(3407, "ci", "made"), 40, 40, 400));
  EXPECT_NEAR(drop.ci_low, interval.low, 1e-12);
  EXPECT_NEAR(drop.ci_high, interval.high, 1e-12);
}

TEST(Ablation, SeedsAreAveragedBeforeInstances) {
  const auto utilities = drawn();
  const Ablation ablation(table_of(utilities), {}, options_of());
  std::vector<double> mean_drops;
  for (const auto& row : utilities) mean_drops.push_back(row[0] - (row[1] + row[2]) / 2);
  const stats::Interval interval =
      stats::bootstrap_mean_interval(mean_drops, stats::Resamples(key(3407, "ci", "made"), 40, 40, 400));
  const Drop both = ablation.drop({0, 1});
  EXPECT_NEAR(both.absolute, (ablation.drop({0}).absolute + ablation.drop({1}).absolute) / 2, 1e-12);
  EXPECT_NEAR(both.ci_low, interval.low, 1e-12);
  EXPECT_NEAR(both.ci_high, interval.high, 1e-12);
}

TEST(Ablation, ARowThatChangesNothingDropsExactlyNothing) {
  const Drop drop = Ablation(table_of(drawn()), {}, options_of()).drop({2});
  EXPECT_EQ(drop.absolute, 0);
  EXPECT_EQ(drop.ci_low, 0);
  EXPECT_EQ(drop.ci_high, 0);
  EXPECT_EQ(drop.masked, drop.base);
}

TEST(Ablation, InvalidCellsLeaveBaseAndMaskedAlike) {
  auto utilities = drawn();
  utilities[7][1] = kNaN;
  const Drop drop = Ablation(table_of(utilities), {}, options_of()).drop({0});
  double base = 0;
  for (std::size_t i = 0; i < utilities.size(); ++i) base += i == 7 ? 0 : utilities[i][0] / 39;
  EXPECT_NEAR(drop.base, base, 1e-12);
  EXPECT_EQ(drop.instances, 39);
}

TEST(Ablation, ComparisonsArePairedAndTurnRound) {
  const auto utilities = drawn();
  const Ablation ablation(table_of(utilities), {}, options_of());
  const Comparison there = ablation.compare({0}, {1}), back = ablation.compare({1}, {0});
  EXPECT_NEAR(there.difference, -back.difference, 1e-12);
  EXPECT_NEAR(there.ci_low, -back.ci_high, 1e-9);
  EXPECT_EQ(there.p_two_sided, back.p_two_sided);
  std::vector<double> differences;
  for (const auto& row : utilities) differences.push_back(row[2] - row[1]);
  const stats::Interval paired =
      stats::bootstrap_mean_interval(differences, stats::Resamples(key(3407, "ci", "made"), 40, 40, 400));
  EXPECT_NEAR(there.ci_low, paired.low, 1e-12);
  EXPECT_NEAR(there.ci_high, paired.high, 1e-12);
  EXPECT_LT(there.p_two_sided, 0.05);                    // a third against a tenth
  EXPECT_EQ(ablation.compare({1}, {1}).p_two_sided, 1);  // the same against itself
}

TEST(Ablation, CaptionsByCorpusBleuUnlessTheMeanIsAskedFor) {
  TaskCells cells = table_of({{0.9, 0.2}, {0.7, 0.1}, {0.8, 0.3}});
  cells.metric = "bleu4:sentence";
  cells.counts = 10;
  const std::vector<std::string> references{"a red circle above a large blue star and a word"};
  const std::vector<std::string> plain{"a red circle above a large blue star",
                                       "a red circle above a blue star",
                                       "a red circle above a large blue star and a word"};
  const std::vector<std::string> masked{"a red circle", "blue star above a red", "a large blue star and a"};
  std::vector<std::uint16_t> bleu(6 * 10);
  metric::BleuCounts all_plain, all_masked;
  const auto put = [&](std::size_t cell, const std::string& text, metric::BleuCounts& sum) {
    const metric::BleuCounts counts = metric::bleu_counts(text, references);
    for (std::size_t n = 0; n < 4; ++n) {
      bleu[cell * 10 + n] = static_cast<std::uint16_t>(counts.guess[n]);
      bleu[cell * 10 + 4 + n] = static_cast<std::uint16_t>(counts.correct[n]);
    }
    bleu[cell * 10 + 8] = static_cast<std::uint16_t>(counts.hypothesis_length);
    bleu[cell * 10 + 9] = static_cast<std::uint16_t>(counts.reference_length);
    sum += counts;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    put(2 * i, plain[i], all_plain);
    put(2 * i + 1, masked[i], all_masked);
  }
  const Drop corpus = Ablation(cells, bleu, options_of()).drop({0});
  EXPECT_NEAR(corpus.base, metric::bleu(all_plain)[3], 1e-12);
  EXPECT_NEAR(corpus.masked, metric::bleu(all_masked)[3], 1e-12);
  AblationOptions mean = options_of();
  mean.caption_metric = choice::CaptionBleu::mean;
  EXPECT_NEAR(Ablation(cells, bleu, mean).drop({0}).base, 0.8, 1e-12);
}

}  // namespace
}  // namespace hones::attribution
