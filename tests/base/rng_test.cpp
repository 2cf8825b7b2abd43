#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>

#include "support/vectors.hpp"

namespace hones {
namespace {

TEST(Rng, Vectors) {
  const auto file = test::vectors("rng");
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const std::uint64_t seed = std::stoull(c["seed"].get<std::string>());
    SplitMix64 rng(seed);
    for (const auto& expected : c["first_outputs"]) {
      EXPECT_EQ(rng.next(), std::stoull(expected.get<std::string>()));
    }
    SplitMix64 bounded(seed);
    for (std::size_t i = 0; i < c["below"]["n"].size(); ++i) {
      EXPECT_EQ(bounded.below(c["below"]["n"][i]), c["below"]["values"][i].get<std::uint64_t>());
    }
    std::vector<int> items(12);
    std::iota(items.begin(), items.end(), 0);
    SplitMix64 shuffler(seed);
    shuffle(std::span(items), shuffler);
    EXPECT_EQ(items, c["shuffle_0_to_11"].get<std::vector<int>>());
    std::vector<std::pair<std::uint64_t, int>> order;
    for (const auto& [id, value] : c["keys_purpose_split"].items()) {
      const std::uint64_t k = key(seed, "split", id);
      EXPECT_EQ(k, std::stoull(value.get<std::string>())) << id;
      order.emplace_back(k, std::stoi(id));
    }
    std::sort(order.begin(), order.end());
    std::vector<int> ids;
    for (const auto& [k, id] : order) ids.push_back(id);
    EXPECT_EQ(ids, c["order_by_key"].get<std::vector<int>>());
  }
}

TEST(Rng, SkipEqualsDrawing) {
  SplitMix64 drawn(42), jumped(42);
  for (int i = 0; i < 1000; ++i) drawn.next();
  jumped.skip(1000);
  EXPECT_EQ(drawn.next(), jumped.next());
}

TEST(Rng, UniformStaysBelowOne) {
  SplitMix64 rng(7);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace hones
