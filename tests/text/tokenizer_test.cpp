#include <chrono>

#include <gtest/gtest.h>

#include "support.hpp"

namespace hones::text {
namespace {

using test::data_error;

TEST(Tokenizer, IdsOfPiecesAndTokens) {
  EXPECT_EQ(llama().id_of("<s>"), 1);
  EXPECT_EQ(llama().id_of("<image>"), 480);
  EXPECT_EQ(llama().id_of("<0x0A>"), 13);
  EXPECT_EQ(llama().id_of("no such piece"), std::nullopt);
  EXPECT_EQ(llama().vocabulary_size(), 482U);
}

TEST(Tokenizer, LiteralRangesKeepSpellingsAsText) {
  const std::int64_t image = *llama().id_of("<image>");
  const std::string text = "<image>a<image>b<image>";
  const auto images = [&](std::vector<ByteRange> literal) {
    const Ids ids = llama().encode(text, false, literal);
    return std::count(ids.begin(), ids.end(), image);
  };
  EXPECT_EQ(images({}), 3);
  EXPECT_EQ(images({{0, 7}}), 2);
  EXPECT_EQ(images({{8, 15}}), 2);
  EXPECT_EQ(images({{14, 15}}), 2);          // one byte of the second
  EXPECT_EQ(images({{7, 8}}), 3);            // between two of them
  EXPECT_EQ(images({{0, 1}, {17, 18}}), 1);  // first and third
  EXPECT_EQ(images({{0, text.size()}}), 0);
  EXPECT_EQ(images({{3, 3}}), 3);  // an empty range covers nothing
  // Ordinary text stays in one piece with its neighbours, and decodes to itself.
  const std::vector<ByteRange> all{{0, text.size()}};
  EXPECT_EQ(llama().decode(llama().encode(text, true, all)), text);
}

TEST(Tokenizer, ALiteralRangeReachesThroughTheNormalizer) {
  auto document = read_json(fixture("llama.json"));
  document["added_tokens"].push_back(
      {{"id", 490}, {"content", "blue square"}, {"normalized", true}, {"special", false}});
  const Tokenizer tokenizer = from_document(document);
  const std::string text = "blue square and blue square";
  const auto found = [&](std::vector<ByteRange> literal) {
    const Ids ids = tokenizer.encode(text, false, literal);
    return std::count(ids.begin(), ids.end(), 490);
  };
  EXPECT_EQ(found({}), 2);
  EXPECT_EQ(found({{0, 4}}), 1);
  EXPECT_EQ(found({{20, 27}}), 1);
  EXPECT_EQ(found({{0, 27}}), 0);
}

TEST(Tokenizer, SpecialTokensAreSkippedHoweverTheyAreSought) {
  auto document = read_json(fixture("llama.json"));
  document["added_tokens"].push_back(
      {{"id", 490}, {"content", "<end>"}, {"normalized", true}, {"special", true}});
  const Tokenizer tokenizer = from_document(document);
  const Ids ids = tokenizer.encode("the <end>", false);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 490), 1);
  EXPECT_EQ(tokenizer.decode(ids), "the");
  EXPECT_EQ(tokenizer.decode(ids, false), "the <end>");
}

TEST(Tokenizer, RefusesWhatIsNotUtf8) {
  for (const char* text :
       {"\xff", "a\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x96", "\x80", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_NAMES(data_error([&] { llama().encode(text); }), "UTF-8");
  }
}

TEST(Tokenizer, AWholePromptIsOneWordAndStillFast) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "square";
  const auto start = std::chrono::steady_clock::now();
  const Ids ids = llama().encode(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(20));  // quadratic merging takes minutes
  EXPECT_EQ(llama().decode(ids), text);
}

TEST(Tokenizer, IdsWithoutATokenDecodeToNothing) {
  const Ids ids{-1, 481, 100'000, *llama().id_of("▁the"), 1, INT64_MAX};
  EXPECT_EQ(llama().decode(ids), "the");
  EXPECT_EQ(llama().decode({}), "");
}

}  // namespace
}  // namespace hones::text
