// tokenizer.json files that are broken, or that ask for what is not done: always one line with file and
// component.
#include <gtest/gtest.h>

#include <hones/base/rng.hpp>

#include "support.hpp"

namespace hones::text {
namespace {

using nlohmann::json;
using test::data_error;
using test::Scratch;

std::string refusal_of_text(const std::string& text) {
  const Scratch scratch;
  const auto file = scratch.write("tokenizer.json", text);
  const std::string line = data_error([&] { Tokenizer::from_file(file); });
  EXPECT_NAMES(line, "tokenizer.json");
  return line;
}

std::string refusal(const char* pointer, const json& value) {
  json document = read_json(fixture("llama.json"));
  document[json::json_pointer(pointer)] = value;
  return refusal_of_text(document.dump());
}

TEST(Load, RefusesBrokenFiles) {
  const Scratch scratch;
  EXPECT_NAMES(data_error([&] { Tokenizer::from_file(scratch.path() / "tokenizer.json"); }), "no such file");
  EXPECT_NAMES(refusal_of_text(""), "not valid JSON");
  EXPECT_NAMES(refusal_of_text("{"), "not valid JSON");
  EXPECT_NAMES(refusal_of_text("[]"), "not a JSON object");
  EXPECT_NAMES(refusal_of_text("{}"), "model is missing");
  EXPECT_NAMES(refusal_of_text(std::string(100'000, '[')), "not valid JSON");
}

TEST(Load, RefusesTheModel) {
  EXPECT_NAMES(refusal("/model/type", "Unigram"), "model type is not BPE");
  EXPECT_NAMES(refusal("/model/dropout", 0.1), "dropout");
  EXPECT_NAMES(refusal("/model/end_of_word_suffix", "</w>"), "end_of_word_suffix");
  EXPECT_NAMES(refusal("/model/continuing_subword_prefix", "##"), "continuing_subword_prefix");
  EXPECT_NAMES(refusal("/model/byte_fallback", "yes"), "byte_fallback");
  EXPECT_NAMES(refusal("/model/vocab", json::array()), "vocab");
  EXPECT_NAMES(refusal("/model/vocab/a", -1), "model.vocab a");
  EXPECT_NAMES(refusal("/model/vocab/a", 1 << 24), "model.vocab a");
  EXPECT_NAMES(refusal("/model/vocab/a", 5), "id 5 twice");
  EXPECT_NAMES(refusal("/model/unk_token", "nothing"), "unk_token");
  EXPECT_NAMES(refusal("/model/unk_token", 3), "unk_token");
  EXPECT_NAMES(refusal("/model/merges", 3), "merges");
  EXPECT_NAMES(refusal("/model/merges/0", "a b c"), "model.merges 0 is not two pieces");
  EXPECT_NAMES(refusal("/model/merges/0", "ab"), "model.merges 0");
  EXPECT_NAMES(refusal("/model/merges/1", json{"a"}), "model.merges 1");
  EXPECT_NAMES(refusal("/model/merges/1", json{"a", "no such"}), "not in the vocabulary");
}

TEST(Load, RefusesTheSteps) {
  EXPECT_NAMES(refusal("/normalizer", json{{"type", "NFC"}}), "normalizer NFC is not supported");
  EXPECT_NAMES(refusal("/normalizer", "x"), "normalizer is not an object");
  EXPECT_NAMES(refusal("/normalizer/normalizers/1/pattern", json{{"Regex", " "}}), "pattern");
  EXPECT_NAMES(refusal("/normalizer/normalizers/1/pattern", json{{"String", ""}}), "pattern");
  EXPECT_NAMES(refusal("/normalizer/normalizers", 3), "normalizers");
  EXPECT_NAMES(refusal("/pre_tokenizer", json{{"type", "ByteLevel"}}), "pre_tokenizer ByteLevel");
  EXPECT_NAMES(refusal("/pre_tokenizer", json{{"type", "Metaspace"}, {"replacement", ""}}), "replacement");
  EXPECT_NAMES(refusal("/pre_tokenizer",
                       json{{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "last"}}),
               "prepend_scheme");
  EXPECT_NAMES(refusal("/post_processor", json{{"type", "ByteLevel"}}), "post_processor ByteLevel");
  EXPECT_NAMES(refusal("/post_processor/single", json::array()), "does not hold the text");
  EXPECT_NAMES(refusal("/post_processor/single/0", json{{"SpecialToken", {{"id", "<x>"}}}}), "lacks a token");
  EXPECT_NAMES(refusal("/post_processor/single/0", json{{"Other", 1}}), "neither");
  EXPECT_NAMES(refusal("/post_processor/single/0", json{{"Sequence", {{"id", "A"}}}}), "twice");
  EXPECT_NAMES(refusal("/post_processor/special_tokens/<s>/ids/0", 1 << 20),
               "adds the id 1048576, which no token has");
  EXPECT_NAMES(refusal("/decoder", nullptr), "decoder is missing");
  EXPECT_NAMES(refusal("/decoder", json{{"type", "CTC"}}), "decoder CTC");
  EXPECT_NAMES(refusal("/decoder/decoders/3/content", "ab"), "one character");
  EXPECT_NAMES(refusal("/decoder/decoders/3/content", ""), "one character");
  EXPECT_NAMES(refusal("/decoder/decoders/3/start", -1), "Strip");
  json tower = {{"type", "Fuse"}};
  for (int i = 0; i < 100; ++i) tower = {{"type", "Sequence"}, {"decoders", {tower}}};
  EXPECT_NAMES(refusal("/decoder", tower), "decoder Sequence is not supported");
}

TEST(Load, RefusesAddedTokens) {
  EXPECT_NAMES(refusal("/added_tokens", 3), "added_tokens");
  EXPECT_NAMES(refusal("/added_tokens/0", 3), "added_tokens");
  EXPECT_NAMES(refusal("/added_tokens/0/content", 3), "content");
  EXPECT_NAMES(refusal("/added_tokens/0/id", "0"), "added_tokens <unk>");
  EXPECT_NAMES(refusal("/added_tokens/0/id", 1), "id 1 twice");
  EXPECT_NAMES(refusal("/added_tokens/0/lstrip", 0), "lstrip");
}

TEST(Load, DamageNeverCrashes) {
  const Scratch scratch;
  std::ifstream in(fixture("odd.json"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  SplitMix64 random(4);
  for (int round = 0; round < 200; ++round) {
    std::string broken = whole;
    for (int i = 0; i < 2; ++i)
      broken[random.below(broken.size())] ^= static_cast<char>(1 << random.below(7));
    try {
      Tokenizer::from_file(scratch.write("tokenizer.json", broken))
          .encode("USER: a blue square 日本[MARK] cat");
    } catch (const DataError&) {
    }
  }
}

// Thirty steps that make two letters of one are a thousand million; a file says so in two kilobytes.
TEST(Load, StepsThatGrowWithoutBoundAreRefused) {
  const json twice{{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  const json thirty(30, twice);
  json document = read_json(fixture("llama.json"));
  document["normalizer"] = {{"type", "Sequence"}, {"normalizers", thirty}};
  EXPECT_NAMES(data_error([&] { from_document(document).encode("a"); }), "Replace steps make more than");
  document = read_json(fixture("llama.json"));
  document["decoder"] = {{"type", "Sequence"}, {"decoders", thirty}};
  const Tokenizer decodes = from_document(document);
  EXPECT_NAMES(data_error([&] { decodes.decode(Ids{*decodes.id_of("a")}); }), "Replace steps make more than");
  document = read_json(fixture("llama.json"));
  document["normalizer"] = nullptr;
  document["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", std::string(100'000, '_')}};
  EXPECT_NAMES(data_error([&] { from_document(document).encode(std::string(100, ' ')); }), "Replace steps");
  // What published files ask for stays far below.
  EXPECT_EQ(llama().decode(llama().encode(std::string(100'000, ' '))), std::string(100'000, ' '));
}

TEST(Load, AbsentMeansTheDefault) {
  json document = read_json(fixture("llama.json"));
  document["post_processor"] = nullptr;
  document["normalizer"] = nullptr;
  document.erase("pre_tokenizer");
  document["model"].erase("dropout");
  document["model"].erase("type");
  const Tokenizer tokenizer = from_document(document);
  EXPECT_EQ(tokenizer.encode("the"), tokenizer.encode("the", false));
  EXPECT_EQ(tokenizer.encode("<s>"), (Ids{1}));
}

}  // namespace
}  // namespace hones::text
