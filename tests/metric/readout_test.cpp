// Retrieval score and IDF: docs/benchmark.md 3.7 and 7.
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Ids = std::vector<std::int64_t>;

TEST(LogProbability, Vectors) {
  const auto file = test::vectors("retrieval_score");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const std::vector<float> logits = c["logits"];
    const Ids yes = c["yes_ids"], no = c["no_ids"];
    const auto& expected = c["expected"];
    const double log_yes = log_probability(logits, yes), log_no = log_probability(logits, no);
    EXPECT_NEAR(log_yes, expected["log_p_yes"].get<double>(), tolerance);
    EXPECT_NEAR(std::exp(log_yes), expected["p_yes"].get<double>(), tolerance);
    EXPECT_NEAR(log_no, expected["log_p_no"].get<double>(), tolerance);
    EXPECT_NEAR(log_yes - log_no, expected["margin"].get<double>(), tolerance);
    EXPECT_NEAR(1 / (1 + std::exp(log_no - log_yes)), expected["p_yes_given_yes_or_no"].get<double>(),
                tolerance);
  }
}

TEST(LogProbability, OrdersWhatRoundsToOne) {
  // Both probabilities round to 1 in double; their logs do not round to 0.
  const double near = log_probability(std::vector<float>{60, 0}, Ids{0}),
               nearer = log_probability(std::vector<float>{61, 0}, Ids{0});
  EXPECT_LT(near, nearer);
  EXPECT_LT(nearer, 0);
  EXPECT_NEAR(near / -std::exp(-60.0), 1, 1e-12);
}

TEST(LogProbability, SurvivesHugeLogits) {
  EXPECT_NEAR(log_probability(std::vector<float>{-2000, 3000}, Ids{0}), -5000, 1e-9);
  EXPECT_NEAR(log_probability(std::vector<float>{3000, 3000}, Ids{0}), std::log(0.5), 1e-12);
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(log_probability(std::vector<float>{-infinite, 0}, Ids{0}),
            -std::numeric_limits<double>::infinity());
  EXPECT_EQ(log_probability(std::vector<float>{-infinite, 0}, Ids{1}), 0);
  EXPECT_TRUE(std::isnan(log_probability(std::vector<float>{std::nanf(""), 0}, Ids{1})));
}

TEST(LogProbability, IsAProbability) {
  const std::vector<float> logits = {0.5F, -3, 2, 2, 7.25F};
  double sum = 0;
  for (std::int64_t id = 0; id < 5; ++id) sum += std::exp(log_probability(logits, Ids{id}));
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(log_probability(logits, Ids{0, 1, 2, 3, 4}), 0);
  EXPECT_EQ(log_probability(logits, Ids{2, 2}), log_probability(logits, Ids{2}));
  EXPECT_EQ(log_probability(logits, Ids{0, 2}), log_probability(logits, Ids{2, 0}));
}

TEST(LogProbability, RefusesStrangeIds) {
  EXPECT_THROW(log_probability(std::vector<float>{1, 2}, Ids{}), std::invalid_argument);
  EXPECT_THROW(log_probability(std::vector<float>{1, 2}, Ids{2}), std::invalid_argument);
  EXPECT_THROW(log_probability(std::vector<float>{1, 2}, Ids{-1}), std::invalid_argument);
}

TEST(Idf, Vectors) {
  const auto file = test::vectors("idf");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const std::size_t vocabulary = c["vocab_size"];
    DocumentFrequency frequency(vocabulary);
    for (const auto& instance : c["instances"]) frequency.add(instance.get<std::vector<Ids>>());
    EXPECT_EQ(Ids(frequency.counts().begin(), frequency.counts().end()),
              c["expected"]["document_frequency"].get<Ids>());
    for (std::size_t id = 0; id < vocabulary; ++id) {
      EXPECT_NEAR(frequency.idf(static_cast<std::int64_t>(id)), c["expected"]["idf"][id].get<double>(),
                  tolerance);
    }
  }
}

TEST(Idf, CountsAnInstanceOnceAndKnowsStrangers) {
  DocumentFrequency frequency(3);
  frequency.add(std::vector<Ids>{{0, 0, 1}, {0}});
  frequency.add(std::vector<Ids>{{0}});
  EXPECT_EQ(frequency.instances(), 2);
  EXPECT_EQ(frequency.idf(0), 1);  // in every instance
  EXPECT_NEAR(frequency.idf(1), std::log(3.0 / 2) + 1, 1e-12);
  EXPECT_NEAR(frequency.idf(2), std::log(3.0) + 1, 1e-12);
  EXPECT_EQ(frequency.idf(99), frequency.idf(2));
  EXPECT_EQ(frequency.idf(-1), frequency.idf(2));
  EXPECT_THROW(frequency.add(std::vector<Ids>{{3}}), std::invalid_argument);
  EXPECT_THROW(frequency.add(std::vector<Ids>{{-1}}), std::invalid_argument);
  const DocumentFrequency summed({2, 1, 0}, 2);
  for (std::int64_t id = 0; id < 3; ++id) EXPECT_EQ(summed.idf(id), frequency.idf(id));
}

}  // namespace
}  // namespace hones::metric
