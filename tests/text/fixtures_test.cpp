// Against transformers' PreTrainedTokenizerFast: the published LLaMA form, every option that it leaves off,
// and Metaspace.
#include <gtest/gtest.h>

#include "support.hpp"

namespace hones::text {
namespace {

void compare(const std::string& name) {
  const Tokenizer tokenizer = Tokenizer::from_file(fixture(name + ".json"));
  const nlohmann::json expected = read_json(fixture(name + ".expected.json"));
  ASSERT_GE(expected.at("encode").size(), 300U);
  for (const auto& item : expected.at("encode")) {
    const std::string text = item.at("text");
    const Ids ids = tokenizer.encode(text);
    ASSERT_EQ(ids, item.at("ids").get<Ids>()) << text;
    ASSERT_EQ(tokenizer.encode(text, false), item.at("ids_without_special").get<Ids>()) << text;
    if (item.contains("ids_literal")) {
      const std::vector<ByteRange> all{{0, text.size()}};
      ASSERT_EQ(tokenizer.encode(text, true, all), item.at("ids_literal").get<Ids>()) << text;
    }
    ASSERT_EQ(tokenizer.decode(ids), item.at("decoded").get<std::string>()) << text;
    ASSERT_EQ(tokenizer.decode(ids, false), item.at("decoded_all").get<std::string>()) << text;
  }
  for (const auto& item : expected.at("decode")) {
    const Ids ids = item.at("ids");
    ASSERT_EQ(tokenizer.decode(ids), item.at("decoded").get<std::string>()) << item.dump();
    ASSERT_EQ(tokenizer.decode(ids, false), item.at("decoded_all").get<std::string>()) << item.dump();
  }
}

TEST(Fixtures, Llama) {
  compare("llama");
}
TEST(Fixtures, EveryOption) {
  compare("odd");
}
TEST(Fixtures, Metaspace) {
  compare("metaspace");
}
TEST(Fixtures, MetaspaceOfWholeText) {
  compare("metaspace_first");
}

}  // namespace
}  // namespace hones::text
