// docs/benchmark.md 6.5.
#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/stats/elbow.hpp>

#include "support/vectors.hpp"

namespace hones::stats {
namespace {

using Values = std::vector<double>;

std::optional<double> number(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

TEST(Elbow, Vectors) {
  const auto file = test::vectors("elbow");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const Values budgets = c["head_budget"], drops = c["relative_drop_percent"];
    const auto& expected = c["expected"];
    const Values curve = difference_curve(budgets, drops);
    ASSERT_EQ(curve.size(), expected["difference_curve"].size());
    for (std::size_t i = 0; i < curve.size(); ++i)
      EXPECT_NEAR(curve[i], expected["difference_curve"][i].get<double>(), tolerance);
    const Elbow found = elbow(budgets, drops);
    EXPECT_EQ(found.kneedle, number(expected["kneedle"]));
    EXPECT_EQ(found.farthest, number(expected["max_distance_to_chord"]));
  }
}

TEST(Elbow, OfFlatFallingAndStraightCurvesIsNone) {
  const Values budgets = {0, 5, 10, 15};
  for (const Values& drops :
       {Values{2, 2, 2, 2}, Values{3, 2, 1, 0}, Values{0, 5, 10, 15}, Values{7, 1, 3, 5}}) {
    EXPECT_EQ(elbow(budgets, drops).budget(), std::nullopt);
  }
  EXPECT_EQ(elbow({}, {}).budget(), std::nullopt);
  EXPECT_EQ(elbow(Values{5}, Values{1}).budget(), std::nullopt);
}

TEST(Elbow, WithoutAKneeIsTheFarthestFromTheChord) {
  // The only bump is the last inner point, so small that the end is not below its threshold.
  const Elbow found = elbow(Values{0, 5, 10, 15}, Values{0, 5, 10.5, 15});
  EXPECT_EQ(found.kneedle, std::nullopt);
  EXPECT_EQ(found.farthest, 10);
  EXPECT_EQ(found.budget(), 10);
  // A bump of a quarter: the end would have to lie a mean spacing of the budgets, a third, below it.
  EXPECT_EQ(elbow(Values{0, 5, 10, 15}, Values{0, 6, 13.75, 15}).kneedle, std::nullopt);
  EXPECT_EQ(elbow(Values{0, 5, 10, 15}, Values{0, 6, 15.5, 15}).kneedle, 10);
}

TEST(Elbow, IsBlindToTheUnitOfTheDrops) {
  const Values budgets = {0, 5, 10, 15, 20};
  const Values percent = {0, 30, 41, 44, 45};
  Values moved;
  for (const double drop : percent) moved.push_back(0.125 * drop - 3);
  EXPECT_EQ(elbow(budgets, moved).budget(), elbow(budgets, percent).budget());
  EXPECT_EQ(elbow(budgets, percent).budget(), 5);
}

TEST(Elbow, RefusesBudgetsOutOfOrderAndUnequalLengths) {
  EXPECT_THROW(elbow(Values{0, 5, 5}, Values{1, 2, 3}), InternalError);
  EXPECT_THROW(elbow(Values{0, 5}, Values{1, 2, 3}), InternalError);
}

}  // namespace
}  // namespace hones::stats
