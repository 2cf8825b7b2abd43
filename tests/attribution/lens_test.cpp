// docs/benchmark.md 6.7.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <hones/attribution/lens.hpp>
#include <hones/base/error.hpp>

#include "support/vectors.hpp"

namespace hones::attribution {
namespace {

using Values = std::vector<double>;
using Ids = std::vector<std::int64_t>;

constexpr std::pair<LensNorm, const char*> kNorms[] = {{LensNorm::none, "no_norm"},
                                                       {LensNorm::final, "final_norm"}};

void expect_near(const Values& values, const Values& expected, double tolerance) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], tolerance) << i;
}

TEST(LogitLens, Vectors) {
  const auto file = test::vectors("logit_lens");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    Values rows;
    for (const auto& row : c["unembed_rows"]) {
      for (const double value : row) rows.push_back(value);
    }
    const Values weight = c["norm_weight"], plain_output = c["mlp_out_baseline"],
                 masked_output = c["mlp_out_masked"];
    const LensModel model{rows, weight, c["eps"]};
    for (const auto& [norm, name] : kNorms) {
      SCOPED_TRACE(c["id"].get<std::string>() + " " + name);
      const auto& expected = c["expected"][name];
      const Values plain = lens_logits(plain_output, model, norm);
      const Values masked = lens_logits(masked_output, model, norm);
      expect_near(plain, expected["baseline"], tolerance);
      expect_near(masked, expected["masked"], tolerance);
      Values delta;
      for (std::size_t i = 0; i < plain.size(); ++i) delta.push_back(plain[i] - masked[i]);
      expect_near(delta, expected["delta"], tolerance);
      EXPECT_EQ(most_supported(plain, masked), expected["top5"].get<Ids>());
    }
  }
}

// By hand: x = (3, 4), mean square 12.5.
TEST(LogitLens, NormsBeforeItProjects) {
  const Values rows = {1, 0, 0, 1, 1, 1}, weight = {2, 0.5}, x = {3, 4};
  const LensModel model{rows, weight, 0};
  EXPECT_EQ(lens_logits(x, model, LensNorm::none), (Values{3, 4, 7}));
  const double root = std::sqrt(12.5);
  expect_near(lens_logits(x, model, LensNorm::final), {6 / root, 2 / root, 8 / root}, 1e-12);
  // Scaling the output changes nothing behind a norm without eps.
  expect_near(lens_logits(Values{30, 40}, model, LensNorm::final), {6 / root, 2 / root, 8 / root}, 1e-12);
}

TEST(LogitLens, NamesSupportedTokensBestFirstTiesById) {
  EXPECT_EQ(most_supported(Values{1, 5, 2, 5, 0}, Values{0, 1, 1, 1, 9}, 4), (Ids{1, 3, 0, 2}));
  EXPECT_EQ(most_supported(Values{1, 2}, Values{0, 0}), (Ids{1, 0}));
}

TEST(LogitLens, RefusesSizesThatDoNotFit) {
  const Values rows = {1, 2, 3}, weight = {1};
  EXPECT_THROW(lens_logits(Values{1, 2}, {rows, weight, 0}, LensNorm::none), InternalError);
  EXPECT_THROW(lens_logits(Values{1, 2, 3}, {rows, weight, 0}, LensNorm::final), InternalError);
  EXPECT_THROW(most_supported(Values{1}, Values{1, 2}), InternalError);
}

}  // namespace
}  // namespace hones::attribution
