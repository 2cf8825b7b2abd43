// docs/benchmark.md 2.5.
#include <cmath>

#include <gtest/gtest.h>

#include <hones/benchmark/negatives.hpp>

#include "support/vectors.hpp"

namespace hones::benchmark {
namespace {

using Strings = std::vector<std::string>;
using Positions = std::vector<std::size_t>;

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa > 0 && bb > 0 ? dot / std::sqrt(aa) / std::sqrt(bb) : 0;
}

std::string id_text(const nlohmann::json& id) {
  return std::to_string(id.get<std::int64_t>());
}

TEST(HardNegatives, Vectors) {
  const auto file = hones::test::vectors("hard_negatives");
  const double tolerance = file["tolerance"];
  ASSERT_FALSE(file["cases"].empty());
  for (const auto& c : file["cases"]) {
    SCOPED_TRACE(c["id"].get<std::string>());
    const std::vector<double> query = c["query"]["embedding"];
    std::vector<PoolCaption> pool;
    std::vector<double> similarity;
    for (const auto& p : c["pool"]) {
      pool.push_back(pool_caption(p["caption_id"], id_text(p["image_id"]), p["caption"]));
      similarity.push_back(cosine(query, p["embedding"]));
    }
    const Strings own = c["query"]["captions"];
    const Positions chosen = hard_negatives(id_text(c["query"]["image_id"]), own, pool, similarity, c["n"]);
    ASSERT_EQ(chosen.size(), c["expected"].size());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      EXPECT_EQ(pool[chosen[i]].id, c["expected"][i]["caption_id"].get<std::int64_t>());
      EXPECT_NEAR(similarity[chosen[i]], c["expected"][i]["cosine"].get<double>(), tolerance);
    }
  }
}

TEST(HardNegatives, TiesBeyondTwelveDecimalsGoById) {
  const std::vector<PoolCaption> pool = {pool_caption(9, "1", "a"), pool_caption(3, "2", "b"),
                                         pool_caption(5, "3", "c")};
  const std::vector<double> similarity = {0.5 + 1e-14, 0.5, 0.5 + 1e-10};
  EXPECT_EQ(hard_negatives("7", Strings{"x"}, pool, similarity, 3), (Positions{2, 1, 0}));
}

TEST(HardNegatives, GivesWhatThereIs) {
  const std::vector<PoolCaption> pool = {pool_caption(1, "1", "A cat."), pool_caption(2, "2", "a cat"),
                                         pool_caption(3, "7", "own image"),
                                         pool_caption(4, "3", "The query!")};
  EXPECT_EQ(hard_negatives("7", Strings{"the query"}, pool, std::vector<double>{0.1, 0.2, 0.9, 0.9}, 49),
            Positions{1});
  EXPECT_TRUE(hard_negatives("7", Strings{}, {}, {}, 49).empty());
}

// By hand: five documents, a in two of them, b in two.
TEST(TfIdf, IsTheCosineOfCountTimesIdf) {
  const TfIdf index(Strings{"a b", "a", "B b!", "", "c"}, 4);
  const double common = std::log(6.0 / 3) + 1;  // of a and of b
  const auto first = index.similarities(0);
  ASSERT_EQ(first.size(), 4U);
  EXPECT_NEAR(first[0], 1, 1e-12);
  EXPECT_NEAR(first[1], common * common / (std::sqrt(2 * common * common) * common), 1e-12);
  EXPECT_NEAR(first[2], std::sqrt(0.5), 1e-12);
  EXPECT_EQ(first[3], 0);  // no words
  for (const double similarity : index.similarities(4))
    EXPECT_EQ(similarity, 0);  // a word that the pool lacks
  for (const double similarity : index.similarities(3)) EXPECT_EQ(similarity, 0);
}

// "x y" against "x z": only x in common; df(x) = 2, df(y) = df(z) = 1, n = 3 with the document "w w".
TEST(TfIdf, WeighsRareWordsMore) {
  const TfIdf index(Strings{"x y", "x z", "w w"}, 3);
  const double x = std::log(4.0 / 3) + 1, y = std::log(4.0 / 2) + 1;
  EXPECT_NEAR(index.similarities(0)[1], x * x / (x * x + y * y), 1e-12);
  EXPECT_NEAR(index.similarities(1)[0], index.similarities(0)[1], 1e-15);
}

TEST(TfIdf, CountsRepeats) {
  const TfIdf index(Strings{"x x y", "x y y"}, 2);  // equal idf: (2,1) against (1,2)
  EXPECT_NEAR(index.similarities(0)[1], 4.0 / 5, 1e-12);
}

}  // namespace
}  // namespace hones::benchmark
