// docs/models.md A.1 with the real LLaMA tokenizer, which cannot be shipped: HONES_TOKENIZERS names a folder
// that holds llava/tokenizer.json (of llava-hf/llava-1.5-7b-hf).
#include <cstdlib>

#include <gtest/gtest.h>

#include <hones/text/prompt.hpp>

#include "support.hpp"

namespace hones::text {
namespace {

TEST(Golden, LlavaIdsOfThePublishedTokenizer) {
  const char* folder = std::getenv("HONES_TOKENIZERS");
  if (folder == nullptr) {
    GTEST_SKIP()
        << "HONES_TOKENIZERS is not set; set it to a folder with llava/tokenizer.json to run this test";
  }
  const Tokenizer tokenizer =
      Tokenizer::from_file(std::filesystem::path(folder) / "llava" / "tokenizer.json");
  const std::pair<const char*, Ids> cases[] = {
      {"Hello this is a test", {1, 15043, 445, 338, 263, 1243}},
      {"USER: <image>\nWhat is shown in this image? ASSISTANT:",
       {1,    3148, 1001, 29901, 29871, 32000, 29871, 13,   5618,  338,
        4318, 297,  445,  1967,  29973, 319,   1799,  9047, 13566, 29901}},
      {"USER: <image>\nIs there a dog in the image? ASSISTANT:",
       {1,     3148, 1001, 29901, 29871, 32000, 29871, 13,   3624,  727,  263,
        11203, 297,  278,  1967,  29973, 319,   1799,  9047, 13566, 29901}},
      {"Hello <s>.", {1, 15043, 29871, 1, 869}},
      {"naïve 日本 🙂\t\n\n  x",
       {1, 1055, 30085, 345, 29871, 30325, 30346, 29871, 243, 162, 156, 133, 12, 13, 13, 29871, 921}},
      {"a  b   c", {1, 263, 29871, 289, 259, 274}},
      {" <image>", {1, 259, 32000}},
      {"Yes", {1, 3869}},
      {"No", {1, 1939}},
      {"yes", {1, 4874}},
      {"no", {1, 694}},
  };
  for (const auto& [text, ids] : cases) EXPECT_EQ(tokenizer.encode(text), ids) << text;
  EXPECT_EQ(answer_ids(tokenizer, llava_chat(), "Is there a dog in the image?", "Yes"), (Ids{3869}));
  EXPECT_EQ(answer_ids(tokenizer, llava_chat(), "Is there a dog in the image?", "No"), (Ids{1939}));
}

}  // namespace
}  // namespace hones::text
