// docs/benchmark.md 3.5.
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Strings = std::vector<std::string>;
using Four = std::array<double, 4>;

void expect_relative(const Four& values, const nlohmann::json& expected, double tolerance) {
  for (std::size_t n = 0; n < 4; ++n) {
    const double wanted = expected[n];
    EXPECT_NEAR(values[n], wanted, tolerance * std::abs(wanted)) << "BLEU-" << n + 1;
  }
}

TEST(Bleu, Vectors) {
  const auto file = test::vectors("bleu_tokenized");
  const double tolerance = file["tolerance_relative"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const auto& expected = c["expected"];
    BleuCounts sum;
    for (std::size_t i = 0; i < c["items"].size(); ++i) {
      const Strings references = c["items"][i]["references"];
      const BleuCounts counts = bleu_counts(c["items"][i]["hypothesis"].get<std::string>(), references);
      const auto& parts = expected["components"][i];
      EXPECT_EQ(counts.hypothesis_length, parts["hyp_len"].get<std::int64_t>());
      EXPECT_EQ(counts.reference_length, parts["closest_ref_len"].get<std::int64_t>());
      EXPECT_EQ(counts.guess, (parts["guess"].get<std::array<std::int64_t, 4>>()));
      EXPECT_EQ(counts.correct, (parts["correct"].get<std::array<std::int64_t, 4>>()));
      expect_relative(bleu(counts), expected["sentence_bleu"][i], tolerance);
      sum += counts;
    }
    EXPECT_EQ(sum.hypothesis_length, expected["hyp_len"].get<std::int64_t>());
    EXPECT_EQ(sum.reference_length, expected["ref_len"].get<std::int64_t>());
    expect_relative(bleu(sum), expected["corpus_bleu"], tolerance);
  }
}

TEST(Bleu, WorkedExamples) {
  EXPECT_NEAR(bleu(bleu_counts("a b c d", Strings{"a b c d e f g h i j"}))[3], std::exp(1 - 10.0 / 4), 1e-6);
  EXPECT_NEAR(bleu(bleu_counts("a b c", Strings{"a b c"}))[3], 0.0316227766, 1e-6);
  EXPECT_EQ(bleu(bleu_counts("", Strings{"a b"}))[3], 0);
  EXPECT_EQ(bleu_counts("a b c d", Strings{"a b c d e", "a b c"}).reference_length, 3);  // shorter on a tie
  EXPECT_EQ(bleu_counts("a b c d", Strings{"a b c", "a b c d e"}).reference_length, 3);
  EXPECT_EQ(bleu_counts("a\xC2\xA0"
                        "b",
                        Strings{"a b"})
                .hypothesis_length,
            2);  // U+00A0 splits
  EXPECT_EQ(bleu_counts("the the the", Strings{"the cat", "the the cat"}).correct[0],
            2);  // clipped by the best reference
}

TEST(Bleu, IsBlindToTheOrderOfReferencesAndOfItems) {
  const auto file = test::vectors("bleu_tokenized");
  SplitMix64 rng(9);
  for (const auto& c : file["cases"]) {
    std::vector<BleuCounts> items;
    for (const auto& item : c["items"]) {
      Strings references = item["references"];
      const std::string hypothesis = item["hypothesis"];
      items.push_back(bleu_counts(hypothesis, references));
      shuffle(std::span(references), rng);
      EXPECT_EQ(bleu_counts(hypothesis, references), items.back());
      for (std::size_t n = 0; n < 4; ++n) EXPECT_LE(items.back().correct[n], items.back().guess[n]);
    }
    BleuCounts forward, shuffled;
    for (const BleuCounts& item : items) forward += item;
    shuffle(std::span(items), rng);
    for (const BleuCounts& item : items) shuffled += item;
    EXPECT_EQ(forward, shuffled);
    for (const double value : bleu(forward)) {
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 1);
    }
  }
}

TEST(Bleu, NeedsAReference) {
  EXPECT_THROW(bleu_counts("a", Strings{}), std::invalid_argument);
}

}  // namespace
}  // namespace hones::metric
