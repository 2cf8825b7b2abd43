// docs/benchmark.md 3.1.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

using Strings = std::vector<std::string>;

constexpr std::pair<VqaVariant, const char*> kVariants[] = {
    {VqaVariant::official, "official"},
    {VqaVariant::official_on_normalized_prediction, "official_on_normalized_prediction"},
    {VqaVariant::normalize_always, "normalize_always"},
};

double percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", 100 * value);
  return std::atof(text);
}

TEST(VqaNormalize, Vectors) {
  const auto file = test::vectors("vqa_normalize");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const std::string input = c["input"], blanks = answer_blanks(input);
    EXPECT_EQ(blanks, c["after_whitespace"].get<std::string>()) << c["id"];
    EXPECT_EQ(answer_punctuation(blanks), c["after_punctuation"].get<std::string>()) << c["id"];
    EXPECT_EQ(vqa_normalize(input), c["normalized"].get<std::string>()) << c["id"];
  }
}

TEST(VqaAccuracy, Vectors) {
  const auto file = test::vectors("vqa_accuracy");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    const Strings answers = c["answers"];
    for (const auto& [variant, name] : kVariants) {
      EXPECT_NEAR(vqa_accuracy(c["prediction"].get<std::string>(), answers, variant),
                  c["expected"][name].get<double>(), tolerance)
          << c["id"] << " " << name;
    }
  }
}

TEST(VqaReport, Vectors) {
  const auto file = test::vectors("vqa_aggregate");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const auto& expected = c["expected"];
    std::vector<VqaScored> scored;
    for (const auto& q : c["questions"]) {
      const Strings answers = q["answers"];
      const double accuracy = vqa_accuracy(q["prediction"].get<std::string>(), answers, VqaVariant::official);
      EXPECT_DOUBLE_EQ(percent(accuracy), expected["per_question_percent_2dp"][scored.size()].get<double>());
      scored.push_back({accuracy, q["question_type"], q["answer_type"]});
    }
    const VqaReport report = vqa_report(scored);
    EXPECT_NEAR(report.overall, expected["mean_unrounded"].get<double>(), 1e-9);
    EXPECT_DOUBLE_EQ(percent(report.overall), expected["overall_percent_2dp"].get<double>());
    const auto compare = [](const std::map<std::string, double>& means, const nlohmann::json& wanted) {
      EXPECT_EQ(means.size(), wanted.size());
      for (const auto& [name, value] : means)
        EXPECT_DOUBLE_EQ(percent(value), wanted.at(name).get<double>()) << name;
    };
    compare(report.by_answer_type, expected["per_answer_type_percent_2dp"]);
    compare(report.by_question_type, expected["per_question_type_percent_2dp"]);
  }
}

TEST(VqaNormalize, WorkedExamples) {
  EXPECT_EQ(vqa_normalize("t-shirt"), "t shirt");
  EXPECT_EQ(vqa_normalize("t -shirt"), "t shirt");
  EXPECT_EQ(vqa_normalize("1,000-2,000"), "10002000");
  EXPECT_EQ(vqa_normalize("u.s."), "us");
  EXPECT_EQ(vqa_normalize(".5"), ".5");
  EXPECT_EQ(vqa_normalize("5."), "5");
  EXPECT_EQ(vqa_normalize("1.2.3"), "1.2.3");
  EXPECT_EQ(vqa_normalize("The  TWO dogs"), "2 dogs");
  EXPECT_EQ(vqa_normalize("None"), "0");
  EXPECT_EQ(vqa_normalize("ten"), "10");
  EXPECT_EQ(vqa_normalize("\xC3\x89T\xC3\x89"), "\xC3\xA9t\xC3\xA9");
  EXPECT_EQ(vqa_normalize("somebody'd dont she's its"), "somebodyd don't she's its");
  EXPECT_EQ(vqa_normalize("wouldntve wouldnt've yall'll"), "wouldntve wouldn't've y'all'll");
  EXPECT_EQ(vqa_normalize(" , a \n"), "");
}

TEST(VqaNormalize, OnlyTheFirst32FullStopsGo) {
  EXPECT_EQ(vqa_normalize(std::string(32, '.') + "x"), "x");
  EXPECT_EQ(vqa_normalize(std::string(34, '.') + "x"), "..x");
}

TEST(VqaAccuracy, CountsMatchesLeavingOneOut) {
  const double expected[] = {0, 0.3, 0.6, 0.9, 1, 1, 1, 1, 1, 1, 1};
  for (std::size_t k = 0; k <= 10; ++k) {
    Strings answers(10, "cat");
    std::fill_n(answers.begin(), k, "dog");
    EXPECT_NEAR(vqa_accuracy("dog", answers), expected[k], 1e-12) << k;
  }
  EXPECT_NEAR(vqa_accuracy("no", Strings{"yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "no", "no"}),
              0.6, 1e-12);
}

TEST(VqaAccuracy, UnanimousAnswersAreCaseSensitiveOnlyInTheOfficialVariant) {
  const Strings yes(10, "yes");
  EXPECT_EQ(vqa_accuracy("Yes", yes, VqaVariant::official), 0);
  EXPECT_EQ(vqa_accuracy("Yes", yes, VqaVariant::official_on_normalized_prediction), 1);
  EXPECT_EQ(vqa_accuracy("Yes", yes), 1);
}

TEST(VqaAccuracy, IsWithinBoundsAndBlindToTheOrderOfAnswers) {
  const auto file = test::vectors("vqa_accuracy");
  SplitMix64 rng(11);
  for (const auto& c : file["cases"]) {
    Strings answers = c["answers"];
    for (const auto& [variant, name] : kVariants) {
      const double before = vqa_accuracy(c["prediction"].get<std::string>(), answers, variant);
      EXPECT_GE(before, 0);
      EXPECT_LE(before, 1);
      shuffle(std::span(answers), rng);
      EXPECT_NEAR(vqa_accuracy(c["prediction"].get<std::string>(), answers, variant), before, 1e-12)
          << c["id"] << name;
    }
  }
}

// Not of everything: a 33rd full stop survives the first pass and falls in the second.
// change again.
TEST(VqaNormalize, IsIdempotentOnWords) {
  const Strings words = {"the",  "a",   "Two",    "dont", "t-shirt", "red,", "u.s.",
                         "none", "ten", "O'Neil", "100%", "what's",  "3.5"};
  SplitMix64 rng(5);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 4; ++i) text += words[rng.below(words.size())] + " ";
    const std::string once = vqa_normalize(text);
    EXPECT_EQ(vqa_normalize(once), once) << text;
  }
}

TEST(VqaAccuracy, NeedsAnAnswer) {
  EXPECT_THROW(vqa_accuracy("x", Strings{}), std::invalid_argument);
  EXPECT_THROW(vqa_report({}), std::invalid_argument);
}

}  // namespace
}  // namespace hones::metric
