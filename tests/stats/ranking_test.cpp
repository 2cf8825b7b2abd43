// docs/method.md 3.
#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

namespace hones::stats {
namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::int64_t>;

TEST(Ranking, IsDescendingWithTiesByIndexAndNanLast) {
  const double nan = std::nan("");
  EXPECT_EQ(ranking(Values{0.5, nan, 2, 0.5, -1, nan, 2}), (Indices{2, 6, 0, 3, 4, 1, 5}));
  EXPECT_EQ(ranking(Values{-0.0, 0.0}), (Indices{0, 1}));
  EXPECT_EQ(ranking(Values{}), Indices{});
}

std::vector<std::string> numbered(std::int64_t instances) {
  std::vector<std::string> ids;
  for (std::int64_t i = 0; i < instances; ++i) ids.push_back(std::to_string(i));
  return ids;
}

// The overlap where an item's value is the mean of drop(instance, item), NaN left out.
template <typename Drop>
double overlap_of_means(const std::vector<std::string>& ids, std::int64_t items, std::int64_t k,
                        std::uint64_t seed, const Drop& drop) {
  return split_half_overlap(ids, items, k, seed, [&](std::span<const std::int64_t> half) {
    Values means;
    for (std::int64_t item = 0; item < items; ++item) {
      double sum = 0, valid = 0;
      for (const std::int64_t instance : half) {
        const double value = drop(instance, item);
        if (std::isnan(value)) continue;
        sum += value;
        ++valid;
      }
      means.push_back(sum / valid);
    }
    return means;
  });
}

TEST(SplitHalf, OfAStableRankingIsOne) {
  const auto drop = [](std::int64_t, std::int64_t item) { return static_cast<double>(item); };
  EXPECT_EQ(overlap_of_means(numbered(9), 6, 2, 1, drop), 1);
  EXPECT_EQ(overlap_of_means(numbered(2), 6, 6, 1, drop), 1);
}

TEST(SplitHalf, CutsKToTheItems) {
  const auto drop = [](std::int64_t i, std::int64_t item) {
    return static_cast<double>((i * 7 + item * 3) % 5);
  };
  EXPECT_EQ(overlap_of_means(numbered(8), 3, 10, 1, drop), 1);
}

TEST(SplitHalf, IsUndefinedWithoutHalves) {
  const auto drop = [](std::int64_t, std::int64_t) { return 1.0; };
  EXPECT_TRUE(std::isnan(overlap_of_means(numbered(1), 3, 2, 1, drop)));
  EXPECT_TRUE(std::isnan(overlap_of_means(numbered(5), 3, 0, 1, drop)));
  EXPECT_TRUE(std::isnan(overlap_of_means(numbered(5), 0, 2, 1, drop)));
}

// The definition once more, slowly: halves from sorted keys, means, the k best by index, common share.
double slow_overlap(const std::vector<Values>& drops, std::size_t k, std::uint64_t seed) {
  double sum = 0;
  for (int r = 0; r < 10; ++r) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < drops.size(); ++i)
      order.emplace_back(key(seed, "half|" + std::to_string(r), std::to_string(i)), i);
    std::sort(order.begin(), order.end());
    std::set<std::size_t> tops[2];
    for (std::size_t half = 0; half < 2; ++half) {
      const std::size_t begin = half == 0 ? 0 : drops.size() / 2,
                        end = half == 0 ? drops.size() / 2 : drops.size();
      std::vector<std::pair<double, std::size_t>> ranked;
      for (std::size_t item = 0; item < drops[0].size(); ++item) {
        double total = 0, valid = 0;
        for (std::size_t at = begin; at < end; ++at) {
          const double value = drops[order[at].second][item];
          if (!std::isnan(value)) {
            total += value;
            valid += 1;
          }
        }
        ranked.emplace_back(-total / valid, item);
      }
      std::sort(ranked.begin(), ranked.end());
      for (std::size_t i = 0; i < k; ++i) tops[half].insert(ranked[i].second);
    }
    for (const std::size_t item : tops[0]) sum += tops[1].contains(item) ? 1 : 0;
  }
  return sum / 10 / static_cast<double>(k);
}

TEST(SplitHalf, EqualsItsDefinition) {
  SplitMix64 rng(8);
  std::vector<Values> drops(11, Values(9));
  for (auto& row : drops) {
    for (double& value : row) value = rng.uniform();
  }
  drops[3][2] = std::nan("");
  const auto drop = [&](std::int64_t i, std::int64_t item) {
    return drops[static_cast<std::size_t>(i)][static_cast<std::size_t>(item)];
  };
  for (std::size_t k = 1; k < 6; ++k) {
    const double overlap = overlap_of_means(numbered(11), 9, static_cast<std::int64_t>(k), 3407, drop);
    EXPECT_NEAR(overlap, slow_overlap(drops, k, 3407), 1e-12) << k;
    EXPECT_GT(overlap, 0);
    EXPECT_LT(overlap, 1);
  }
}

}  // namespace
}  // namespace hones::stats
