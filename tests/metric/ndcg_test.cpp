// docs/benchmark.md 3.6.
#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

constexpr std::pair<TieRule, const char*> kRules[] = {
    {TieRule::tie_average, "tie_average"},
    {TieRule::index_order, "index_order"},
    {TieRule::pessimistic, "pessimistic"},
    {TieRule::optimistic, "optimistic"},
};

TEST(Ndcg, Vectors) {
  const auto file = test::vectors("ndcg5");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const std::vector<double> scores = c["scores"];
    const std::vector<int> relevance = c["relevance"];
    for (const auto& [rule, name] : kRules) {
      EXPECT_NEAR(ndcg(scores, relevance, c["k"], rule), c["expected"][name].get<double>(), tolerance)
          << c["id"] << " " << name;
    }
  }
}

TEST(Ndcg, OfOnePositiveIsItsDiscount) {
  const double expected[] = {1, 0.6309297536, 0.5, 0.4306765581, 0.3868528072, 0, 0};
  const std::vector<double> scores = {0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3};
  for (std::size_t at = 0; at < scores.size(); ++at) {
    std::vector<int> relevance(scores.size(), 0);
    relevance[at] = 1;
    for (const auto& [rule, name] : kRules)
      EXPECT_NEAR(ndcg(scores, relevance, 5, rule), expected[at], 1e-9) << at << name;
  }
}

TEST(Ndcg, AllTied) {
  std::vector<int> relevance(50, 0);
  relevance[7] = 1;
  const std::vector<double> scores(50, 1.5);
  EXPECT_NEAR(ndcg(scores, relevance), 0.058969, 1e-6);
  EXPECT_EQ(ndcg(scores, relevance, 5, TieRule::index_order), 0);
  EXPECT_EQ(ndcg(scores, relevance, 5, TieRule::pessimistic), 0);
  EXPECT_EQ(ndcg(scores, relevance, 5, TieRule::optimistic), 1);
  EXPECT_TRUE(has_ties(scores));
  EXPECT_FALSE(has_ties(std::vector<double>{2, 1, 3}));
}

TEST(Ndcg, AverageLiesBetweenTheExtremesAndIgnoresOrder) {
  SplitMix64 rng(21);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<double, int>> items;
    for (int i = 0; i < 12; ++i)
      items.emplace_back(static_cast<double>(rng.below(4)), static_cast<int>(rng.below(3)));
    const auto value = [&](TieRule rule) {
      std::vector<double> scores;
      std::vector<int> relevance;
      for (const auto& [score, rel] : items) {
        scores.push_back(score);
        relevance.push_back(rel);
      }
      return ndcg(scores, relevance, 5, rule);
    };
    const double average = value(TieRule::tie_average), low = value(TieRule::pessimistic),
                 high = value(TieRule::optimistic);
    const double indexed = value(TieRule::index_order);
    EXPECT_GE(low, 0);
    EXPECT_LE(high, 1 + 1e-12);
    EXPECT_LE(low, average + 1e-12);
    EXPECT_LE(average, high + 1e-12);
    EXPECT_LE(low, indexed + 1e-12);
    EXPECT_LE(indexed, high + 1e-12);
    shuffle(std::span(items), rng);
    EXPECT_NEAR(value(TieRule::tie_average), average, 1e-12);
    EXPECT_NEAR(value(TieRule::pessimistic), low, 1e-12);
    EXPECT_NEAR(value(TieRule::optimistic), high, 1e-12);
  }
}

TEST(Ndcg, WithoutAPositiveIsZero) {
  EXPECT_EQ(ndcg(std::vector<double>{1, 2}, std::vector<int>{0, 0}), 0);
  EXPECT_EQ(ndcg({}, {}), 0);
}

TEST(Ndcg, RefusesNanAndUnequalLengths) {
  EXPECT_THROW(ndcg(std::vector<double>{1, std::nan("")}, std::vector<int>{1, 0}), std::invalid_argument);
  EXPECT_THROW(ndcg(std::vector<double>{1}, std::vector<int>{1, 0}), std::invalid_argument);
}

}  // namespace
}  // namespace hones::metric
