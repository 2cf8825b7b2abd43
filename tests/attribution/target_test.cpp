// docs/method.md 4.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include <hones/attribution/target.hpp>

namespace hones::attribution {
namespace {

using Ids = std::vector<std::int64_t>;
using Values = std::vector<double>;
using Texts = std::vector<std::string>;

const text::Tokenizer& llama() {
  static const text::Tokenizer tokenizer =
      text::Tokenizer::from_file(std::filesystem::path(HONES_TEST_DATA) / "tokenizer" / "llama.json");
  return tokenizer;
}

Ids encoded(const std::string& text) {
  return llama().encode(text, /*add_special=*/false);
}

metric::DocumentFrequency frequency_of(const std::vector<Texts>& instances) {
  metric::DocumentFrequency frequency(llama().vocabulary_size());
  for (const Texts& references : instances) frequency.add(reference_ids(llama(), references));
  return frequency;
}

TEST(FixedTarget, EveryTokenCountsOnceEachTime) {
  const Target target = fixed_target({7, 3, 7, 7});
  EXPECT_EQ(target.ids, (Ids{7, 3, 7, 7}));
  EXPECT_EQ(target.weights, (Values{1, 1, 1, 1}));
  EXPECT_TRUE(fixed_target({}).ids.empty());
  EXPECT_TRUE(fixed_target({}).weights.empty());
}

TEST(ReferenceIds, AreEncodedOneByOneWithoutSpecialIds) {
  const Texts references{"a red circle", "two"};
  const std::vector<Ids> ids = reference_ids(llama(), references);
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_EQ(ids[0], encoded("a red circle"));
  EXPECT_EQ(ids[1], encoded("two"));
  EXPECT_NE(ids[0].front(), 1);
  EXPECT_TRUE(reference_ids(llama(), Texts{}).empty());
}

TEST(ReferenceIds, SpellingsOfSpecialTokensStayText) {
  const Texts references{"a </s> sign", "<image>"};
  const std::vector<Ids> ids = reference_ids(llama(), references);
  for (std::size_t r = 0; r < 2; ++r) {
    for (const std::int64_t id : ids[r]) {
      EXPECT_GT(id, 2);
      EXPECT_LT(id, 480);
    }
    EXPECT_EQ(llama().decode(ids[r]), references[r]);
  }
}

TEST(OpenTarget, ReferencesInTurnWithIdfWeights) {
  const Texts references{"a red circle", "a circle on the square"};
  const auto frequency = frequency_of({references, {"a blue circle", "a dog"}, {"the square"}});
  const Target target = open_target(llama(), references, frequency, choice::TargetJoin::separate);
  Ids expected = encoded("a red circle");
  const Ids second = encoded("a circle on the square");
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(target.ids, expected);
  ASSERT_EQ(target.weights.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(target.weights[i], frequency.idf(expected[i])) << i;
  // Three instances: "a" is in two of them (twice in the first, counted once), "red" in one.
  const auto weight_of = [&](const std::string& word) {
    const std::int64_t id = *llama().id_of(word);
    return target.weights[static_cast<std::size_t>(std::find(target.ids.begin(), target.ids.end(), id) -
                                                   target.ids.begin())];
  };
  EXPECT_DOUBLE_EQ(weight_of("▁a"), std::log(4.0 / 3) + 1);
  EXPECT_DOUBLE_EQ(weight_of("▁red"), std::log(4.0 / 2) + 1);
  EXPECT_DOUBLE_EQ(weight_of("▁circle"), std::log(4.0 / 3) + 1);
}

TEST(OpenTarget, AnUnseenTokenHasTheLargestWeight) {
  const auto frequency = frequency_of({{"a red circle"}});
  const Target target = open_target(llama(), Texts{"two"}, frequency, choice::TargetJoin::separate);
  ASSERT_EQ(target.ids, Ids{*llama().id_of("▁two")});
  EXPECT_DOUBLE_EQ(target.weights[0], std::log(2.0) + 1);
}

TEST(OpenTarget, IsCutAfter128Tokens) {
  const std::string thirty = [] {
    std::string text = "a";
    for (int i = 1; i < 30; ++i) text += " red";
    return text;
  }();
  ASSERT_EQ(encoded(thirty).size(), 30U);
  const auto frequency = frequency_of({{thirty}});
  const auto open = [&](std::size_t references) {
    return open_target(llama(), Texts(references, thirty), frequency, choice::TargetJoin::separate);
  };
  EXPECT_EQ(open(4).ids.size(), 120U);
  const Target cut = open(5);
  ASSERT_EQ(cut.ids.size(), 128U);
  EXPECT_EQ(cut.weights.size(), 128U);
  const Ids one = encoded(thirty);
  for (std::size_t i = 0; i < cut.ids.size(); ++i) EXPECT_EQ(cut.ids[i], one[i % 30]) << i;
  EXPECT_EQ(open(50).ids, cut.ids);
  EXPECT_EQ(open_target(llama(), Texts(5, thirty), frequency, choice::TargetJoin::release_join).ids.size(),
            128U);
}

TEST(OpenTarget, ReleaseJoinEncodesTheReferencesAsOneText) {
  const Texts references{"a red circle", "two", "the square"};
  const auto frequency = frequency_of({references, {"a"}});
  const Target joined = open_target(llama(), references, frequency, choice::TargetJoin::release_join);
  EXPECT_EQ(joined.ids, encoded("a red circle two the square"));
  ASSERT_EQ(joined.weights.size(), joined.ids.size());
  for (std::size_t i = 0; i < joined.ids.size(); ++i)
    EXPECT_EQ(joined.weights[i], frequency.idf(joined.ids[i])) << i;
  // One reference is the same either way.
  EXPECT_EQ(open_target(llama(), Texts{"two"}, frequency, choice::TargetJoin::release_join).ids,
            open_target(llama(), Texts{"two"}, frequency, choice::TargetJoin::separate).ids);
}

TEST(OpenTarget, TheJoinsDifferWhereABlankIsAPieceOfItsOwn) {
  // A reference that begins with a blank: joined, the two blanks become one piece.
  const Texts references{"a", " red"};
  const auto frequency = frequency_of({references});
  const Target separate = open_target(llama(), references, frequency, choice::TargetJoin::separate);
  const Target joined = open_target(llama(), references, frequency, choice::TargetJoin::release_join);
  Ids one_by_one = encoded("a");
  const Ids second = encoded(" red");
  one_by_one.insert(one_by_one.end(), second.begin(), second.end());
  EXPECT_EQ(separate.ids, one_by_one);
  EXPECT_EQ(joined.ids, encoded("a  red"));
}

TEST(OpenTarget, WithoutReferencesIsEmpty) {
  const auto frequency = frequency_of({{"a"}});
  EXPECT_TRUE(open_target(llama(), Texts{}, frequency, choice::TargetJoin::separate).ids.empty());
}

}  // namespace
}  // namespace hones::attribution
