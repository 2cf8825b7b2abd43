#include <cmath>
#include <span>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/stats/stats.hpp>

#include "support/vectors.hpp"

namespace hones::stats {
namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::int64_t>;

TEST(MeanSd, Vectors) {
  const auto file = test::vectors("mean_std");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const Values values = c["values"];
    const MeanSd result = mean_sd(values);
    EXPECT_NEAR(result.mean, c["expected"]["mean"].get<double>(), 1e-9) << c["id"];
    EXPECT_NEAR(result.sd, c["expected"]["sample_sd"].get<double>(), 1e-9) << c["id"];
    EXPECT_EQ(text(result), c["expected"]["text"].get<std::string>()) << c["id"];
  }
}

TEST(MeanSd, OfFewValues) {
  EXPECT_TRUE(std::isnan(mean_sd(Values{}).mean));
  EXPECT_TRUE(std::isnan(mean_sd(Values{}).sd));
  EXPECT_EQ(mean_sd(Values{2}).mean, 2);
  EXPECT_TRUE(std::isnan(mean_sd(Values{2}).sd));
  EXPECT_NEAR(mean_sd(Values{1, 3}).sd, std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(mean_sd(Values{2, 4, 9}).mean, 5, 1e-12);
  EXPECT_NEAR(mean_sd(Values{2, 4, 9}).sd, std::sqrt(13.0), 1e-12);  // (9 + 1 + 16) / 2
}

TEST(LayerHistogram, Vectors) {
  const auto file = test::vectors("layer_histogram");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const Indices neurons = c["neurons"];
    const Indices counts = layer_histogram(neurons, c["layers"], c["width"]);
    EXPECT_EQ(counts, c["expected"]["count_per_layer"].get<Indices>()) << c["id"];
    for (std::size_t layer = 0; layer < counts.size(); ++layer) {
      const double share = static_cast<double>(counts[layer]) / static_cast<double>(neurons.size());
      EXPECT_NEAR(share, c["expected"]["share_per_layer"][layer].get<double>(), 1e-12);
    }
  }
}

TEST(LayerHistogram, KnowsItsBorders) {
  EXPECT_EQ(layer_histogram(Indices{0, 3, 4, 11}, 3, 4), (Indices{2, 1, 1}));
  EXPECT_EQ(layer_histogram(Indices{}, 2, 4), (Indices{0, 0}));
  EXPECT_THROW(layer_histogram(Indices{12}, 3, 4), InternalError);
  EXPECT_THROW(layer_histogram(Indices{-1}, 3, 4), InternalError);
}

TEST(RelativeDrop, Vectors) {
  const auto file = test::vectors("relative_drop");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const double drop = relative_drop_percent(c["base"], c["masked"]);
    const auto& expected = c["expected"]["relative_drop_percent"];
    if (expected.is_null()) {
      EXPECT_TRUE(std::isnan(drop)) << c["id"];
    } else {
      EXPECT_NEAR(drop, expected.get<double>(), tolerance) << c["id"];
    }
  }
}

// By hand: position q * (n - 1) between the neighbours.
TEST(Percentile, InterpolatesLinearly) {
  const Values values = {1, 2, 4, 8};
  EXPECT_EQ(percentile(values, 0), 1);
  EXPECT_EQ(percentile(values, 1), 8);
  EXPECT_NEAR(percentile(values, 0.5), 3, 1e-12);      // position 1.5
  EXPECT_NEAR(percentile(values, 0.1), 1.3, 1e-12);    // position 0.3
  EXPECT_NEAR(percentile(values, 0.975), 7.7, 1e-12);  // position 2.925
  EXPECT_NEAR(percentile(values, 2.0 / 3), 4, 1e-12);  // position 2
  const Values longer = {1, 2, 4, std::nan("")};
  EXPECT_EQ(percentile(std::span<const double>(longer).first(3), 1), 4);  // reads nothing beyond the end
  EXPECT_EQ(percentile(Values{5}, 0.025), 5);
  EXPECT_TRUE(std::isnan(percentile(Values{}, 0.5)));
}

TEST(ShareCount, RoundsHalfUp) {
  EXPECT_EQ(share_count(0.01, 32 * 11008), 3523);  // docs/benchmark.md 6.2
  EXPECT_EQ(share_count(0.01, 28 * 18944), 5304);
  EXPECT_EQ(share_count(0.01, 40 * 13824), 5530);
  EXPECT_EQ(share_count(0.5, 3), 2);
  EXPECT_EQ(share_count(0.29, 50), 15);  // 14.499999999999998 in binary
  EXPECT_EQ(share_count(0.01, 49), 0);
  EXPECT_EQ(share_count(0.01, 50), 1);
  EXPECT_EQ(share_count(1, 7), 7);
  EXPECT_EQ(share_count(0, 7), 0);
}

}  // namespace
}  // namespace hones::stats
