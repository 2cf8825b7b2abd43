// docs/benchmark.md 3.3.
#include <stdexcept>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Strings = std::vector<std::string>;

TEST(TextVqaAccuracy, Vectors) {
  const auto file = test::vectors("textvqa_accuracy");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  SplitMix64 rng(4);
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const std::string prediction = c["prediction"];
    Strings answers = c["answers"];
    const double accuracy = textvqa_accuracy(prediction, answers);
    EXPECT_NEAR(accuracy, c["expected"]["accuracy"].get<double>(), tolerance);
    EXPECT_EQ(textvqa_normalize(prediction), c["expected"]["normalized_prediction"].get<std::string>());
    EXPECT_GE(accuracy, 0);
    EXPECT_LE(accuracy, 1);
    shuffle(std::span(answers), rng);
    EXPECT_NEAR(textvqa_accuracy(prediction, answers), accuracy, 1e-12);
  }
}

TEST(TextVqaNormalize, DiffersFromVqaInCommasAndPossessives) {
  EXPECT_EQ(textvqa_normalize("Wendy's"), "wendy 's");
  EXPECT_EQ(vqa_normalize("Wendy's"), "wendy's");
  EXPECT_EQ(textvqa_normalize("red,white"), "redwhite");
  EXPECT_EQ(vqa_normalize("red,white"), "red white");
  EXPECT_EQ(textvqa_normalize("1,000-2,000"), "1000 2000");
  EXPECT_EQ(vqa_normalize("1,000-2,000"), "10002000");
  EXPECT_EQ(textvqa_normalize("what?now"), "whatnow");
  EXPECT_EQ(textvqa_normalize("The, 's"), "'s");
}

TEST(TextVqaNormalize, IsIdempotentOnWords) {
  for (const char* text : {"Dakota Digital", "two", "the end", "5:30?", "$5.99", "wendy 's", "coca-cola"}) {
    const std::string once = textvqa_normalize(text);
    EXPECT_EQ(textvqa_normalize(once), once);
  }
}

TEST(TextVqaAccuracy, NeedsTenAnswers) {
  EXPECT_THROW(textvqa_accuracy("x", Strings(9, "x")), std::invalid_argument);
  EXPECT_THROW(textvqa_accuracy("x", Strings(11, "x")), std::invalid_argument);
  EXPECT_EQ(textvqa_accuracy("x", Strings(10, "x")), 1);
}

}  // namespace
}  // namespace hones::metric
