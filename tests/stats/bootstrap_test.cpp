// docs/benchmark.md 5.1.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/metric/bleu.hpp>
#include <hones/stats/stats.hpp>

#include "support/vectors.hpp"

namespace hones::stats {
namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::int64_t>;
using Pair = std::pair<double, double>;

double mean_of(const Values& values, std::span<const std::int64_t> indices) {
  double sum = 0;
  for (const std::int64_t i : indices) sum += values[static_cast<std::size_t>(i)];
  return sum / static_cast<double>(indices.size());
}

double corpus_bleu4(const std::vector<metric::BleuCounts>& items, std::span<const std::int64_t> indices) {
  metric::BleuCounts sum;
  for (const std::int64_t i : indices) sum += items[static_cast<std::size_t>(i)];
  return metric::bleu(sum)[3];
}

// {system, baseline} of a multiset of the case's instances.
std::function<Pair(std::span<const std::int64_t>)> metric_of(const nlohmann::json& c) {
  if (!c.contains("items")) {
    return [ours = c["ours"].get<Values>(),
            baseline = c["baseline"].get<Values>()](std::span<const std::int64_t> indices) {
      return Pair(mean_of(ours, indices), mean_of(baseline, indices));
    };
  }
  std::vector<metric::BleuCounts> ours, baseline;
  for (const auto& item : c["items"]) {
    const std::vector<std::string> references = item["references"];
    ours.push_back(metric::bleu_counts(item["ours"].get<std::string>(), references));
    baseline.push_back(metric::bleu_counts(item["baseline"].get<std::string>(), references));
  }
  return [ours, baseline](std::span<const std::int64_t> indices) {
    return Pair(corpus_bleu4(ours, indices), corpus_bleu4(baseline, indices));
  };
}

TEST(PairedBootstrap, Vectors) {
  const auto file = test::vectors("bootstrap");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const auto& expected = c["expected"];
    const auto metric = metric_of(c);
    PairedBootstrap result;
    if (c.contains("indices")) {
      Values deltas;
      for (const auto& indices : c["indices"]) {
        const auto [ours, baseline] = metric(indices.get<Indices>());
        deltas.push_back(100 * (ours - baseline));
        EXPECT_NEAR(deltas.back(), expected["delta_pp"][deltas.size() - 1].get<double>(), tolerance);
      }
      result = summarise(deltas);
    } else {
      const auto n = static_cast<std::int64_t>(c["ours"].size());
      const Resamples resamples(std::stoull(c["seed"].get<std::string>()), n, c["resample_size"],
                                c["resamples"]);
      const auto& first = expected["first_three_delta_pp"];
      for (std::size_t b = 0; b < first.size(); ++b) {
        const auto [ours, baseline] = metric(resamples.indices(static_cast<std::int64_t>(b)));
        EXPECT_NEAR(100 * (ours - baseline), first[b].get<double>(), tolerance);
      }
      result = paired_bootstrap(resamples, metric);
    }
    EXPECT_NEAR(result.mean_delta, expected["mean"].get<double>(), tolerance);
    EXPECT_NEAR(result.sd_delta, expected["sd"].get<double>(), tolerance);
    EXPECT_NEAR(result.p_two_sided, expected["p_two_sided"].get<double>(), tolerance);
    EXPECT_NEAR(result.p_two_sided_add_one, expected["p_two_sided_add_one"].get<double>(), tolerance);
    EXPECT_EQ(result.at_most_zero, expected["count_le_0"].get<std::int64_t>());
    EXPECT_EQ(result.at_least_zero, expected["count_ge_0"].get<std::int64_t>());
  }
}

TEST(PairedBootstrap, NoResamplesAreNoEvidence) {
  for (const PairedBootstrap& none : {PairedBootstrap{}, summarise(Values{})}) {
    EXPECT_EQ(none.p_two_sided, 1);
    EXPECT_EQ(none.p_two_sided_add_one, 1);
    EXPECT_EQ(none.at_most_zero, 0);
    EXPECT_EQ(none.at_least_zero, 0);
  }
}

TEST(PairedBootstrap, NearlyZeroCountsInBothTails) {
  const PairedBootstrap result = summarise(Values{1e-10, -1e-10, 1, 2});
  EXPECT_EQ(result.at_most_zero, 2);
  EXPECT_EQ(result.at_least_zero, 4);
  EXPECT_EQ(result.p_two_sided, 1);
  EXPECT_EQ(summarise(Values{1, 2, 3, 4}).p_two_sided, 0);
  EXPECT_NEAR(summarise(Values{1, 2, 3, 4}).p_two_sided_add_one, 2.0 / 5, 1e-12);
  EXPECT_EQ(summarise(Values{-1, -2}).p_two_sided, 0);
}

TEST(Resamples, AreAStreamThatCanBeEnteredAnywhere) {
  const Resamples resamples(77, 13, 5, 40);
  SplitMix64 rng(77);
  for (std::int64_t b = 0; b < resamples.count(); ++b) {
    Indices drawn;
    for (int i = 0; i < 5; ++i) drawn.push_back(static_cast<std::int64_t>(rng.below(13)));
    EXPECT_EQ(resamples.indices(b), drawn) << b;
  }
  EXPECT_EQ(resamples.count(), 40);
  EXPECT_EQ(resamples.population(), 13);
  EXPECT_THROW(resamples.indices(40), InternalError);
  EXPECT_THROW(resamples.indices(-1), InternalError);
  EXPECT_THROW(Resamples(1, 0, 5, 2), InternalError);
}

TEST(MeanInterval, IsThatOfTheResamplesMeans) {
  const Values values = {0.1, 0.9, 0.4, -0.3, 0.7, 0.2};
  const Resamples resamples(5, 6, 6, 200);
  Values means;
  for (std::int64_t b = 0; b < 200; ++b) means.push_back(mean_of(values, resamples.indices(b)));
  std::sort(means.begin(), means.end());
  const Interval interval = bootstrap_mean_interval(values, resamples);
  // Positions 0.025 * 199 = 4.975 and 0.975 * 199 = 194.025.
  EXPECT_NEAR(interval.low, means[4] + 0.975 * (means[5] - means[4]), 1e-12);
  EXPECT_NEAR(interval.high, means[194] + 0.025 * (means[195] - means[194]), 1e-12);
  EXPECT_LT(interval.low, std::accumulate(values.begin(), values.end(), 0.0) / 6);
  EXPECT_GT(interval.high, std::accumulate(values.begin(), values.end(), 0.0) / 6);
}

TEST(MeanInterval, LeavesInvalidCellsOut) {
  const double nan = std::nan("");
  const Interval constant = bootstrap_mean_interval(Values{2, nan, 2, nan}, Resamples(1, 4, 4, 100));
  EXPECT_EQ(constant.low, 2);
  EXPECT_EQ(constant.high, 2);
  EXPECT_TRUE(std::isnan(bootstrap_mean_interval(Values{nan, nan}, Resamples(1, 2, 2, 10)).low));
  EXPECT_THROW(bootstrap_mean_interval(Values{1}, Resamples(1, 2, 2, 10)), InternalError);
}

}  // namespace
}  // namespace hones::stats
