// docs/benchmark.md 3.2.
#include <gtest/gtest.h>

#include <hones/metric/metric.hpp>

#include "support/vectors.hpp"

namespace hones::metric {
namespace {

constexpr std::pair<GqaVariant, const char*> kVariants[] = {
    {GqaVariant::official, "official"}, {GqaVariant::after_trim_dot_lower, "after_trim_dot_lower"}};

TEST(GqaAccuracy, Vectors) {
  const auto file = test::vectors("gqa_accuracy");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    for (const auto& [variant, name] : kVariants) {
      EXPECT_EQ(gqa_accuracy(c["prediction"].get<std::string>(), c["answer"].get<std::string>(), variant),
                c["expected"][name].get<double>())
          << c["id"] << " " << name;
    }
  }
}

TEST(GqaReport, Vectors) {
  const auto file = test::vectors("gqa_accuracy");
  ASSERT_FALSE(file["aggregates"].empty());
  for (const auto& c : file["aggregates"]) {
    std::vector<GqaScored> scored;
    for (const auto& q : c["questions"]) {
      scored.push_back({gqa_accuracy(q["prediction"].get<std::string>(), q["answer"].get<std::string>(),
                                     GqaVariant::official),
                        q["structural"], q["isBalanced"]});
    }
    const GqaReport report = gqa_report(scored);
    EXPECT_NEAR(100 * report.overall, c["expected"]["accuracy_percent"].get<double>(), 1e-9) << c["id"];
    EXPECT_NEAR(100 * report.binary, c["expected"]["binary_percent"].get<double>(), 1e-9) << c["id"];
    EXPECT_NEAR(100 * report.open, c["expected"]["open_percent"].get<double>(), 1e-9) << c["id"];
  }
}

TEST(GqaAccuracy, LeavesTheAnswerAlone) {
  EXPECT_EQ(gqa_accuracy(" Left. . ", "left"), 0);  // "left. ": dots are cut once, then blanks
  EXPECT_EQ(gqa_accuracy(" LEFT.. ", "left"), 1);
  EXPECT_EQ(gqa_accuracy("left", "Left"), 0);
  EXPECT_EQ(gqa_accuracy("left", "left."), 0);
}

TEST(GqaReport, CountsBalancedQuestionsOnly) {
  const GqaReport report =
      gqa_report(std::vector<GqaScored>{{1, "query", true}, {0, "query", false}, {0, "verify", true}});
  EXPECT_EQ(report.questions, 2);
  EXPECT_EQ(report.overall, 0.5);
  EXPECT_EQ(report.open, 1);
  EXPECT_EQ(report.binary, 0);
  EXPECT_EQ(gqa_report({}).overall, 0);
}

}  // namespace
}  // namespace hones::metric
