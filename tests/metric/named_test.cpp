// The metrics by name: what each is held against, and the counts that BLEU keeps.
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include <hones/metric/named.hpp>

namespace hones::metric {
namespace {

TEST(Named, HowManyReferencesEachTakes) {
  const std::map<std::string_view, std::size_t> exactly{
      {"textvqa_accuracy", 10}, {"gqa_accuracy:after_trim_dot_lower", 1}, {"gqa_accuracy:official", 1}};
  for (const Named& metric : named_metrics()) {
    const auto found = exactly.find(metric.name);
    EXPECT_EQ(metric.references, found == exactly.end() ? 0 : found->second) << metric.name;
    EXPECT_EQ(metric.empty_references, metric.name != "anls:stvqa_m4c") << metric.name;
    EXPECT_EQ(find_named(metric.name), &metric);
  }
  EXPECT_EQ(find_named("gqa_accuracy"), nullptr);
}

// Two predictions of captions together, by hand: 2 + 4 words against references of 3 and 6.
TEST(Named, BleuOfPredictionsTogetherFollowsFromTheSumsOfTheirCounts) {
  const Counts* counts = counts_of("bleu4:sentence");
  ASSERT_NE(counts, nullptr);
  EXPECT_EQ(counts_of("textvqa_accuracy"), nullptr);
  const std::vector<std::string> first{"a red car"}, second{"two dogs run on the grass"};
  std::vector<std::int64_t> sums = counts->of("red car", first);
  EXPECT_EQ(sums, (std::vector<std::int64_t>{2, 1, 0, 0, 2, 1, 0, 0, 2, 3}));
  const std::vector<std::int64_t> more = counts->of("two dogs run on", second);
  EXPECT_EQ(more, (std::vector<std::int64_t>{4, 3, 2, 1, 4, 3, 2, 1, 4, 6}));
  ASSERT_EQ(sums.size(), counts->size);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
  EXPECT_NEAR(counts->value(sums), std::exp(1 - 9.0 / 6), 1e-6);  // every n-gram is right: brevity alone
}

}  // namespace
}  // namespace hones::metric
