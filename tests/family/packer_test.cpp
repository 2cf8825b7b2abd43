// Prompts as LLaVA packs them, and which family a folder is of.
#include <gtest/gtest.h>

#include <hones/family/family.hpp>

#include "support/scratch.hpp"

namespace hones::family {
namespace {

const std::filesystem::path kModel = std::filesystem::path(HONES_TEST_DATA) / "tiny-llava";

TEST(Llava, ChatFollowsThePrompts) {
  const Family& llava = default_family();
  EXPECT_EQ(llava.name, "llava");
  EXPECT_EQ(llava.chat(choice::Prompts::paper).before, "USER: <image>\n");
  EXPECT_EQ(llava.chat(choice::Prompts::paper).after, " ASSISTANT:");
  EXPECT_EQ(llava.chat(choice::Prompts::release).before, "USER: <image>\n");
  EXPECT_EQ(llava.chat(choice::Prompts::release).after, "\nASSISTANT:");
}

TEST(Llava, PromptsCarryTheirGeometry) {
  const auto packer = family_of(kModel).open_packer(kModel, choice::Prompts::paper);
  const text::Prompt prompt = packer->pack("What is it?");
  EXPECT_EQ(prompt.rendered, "USER: <image>\nWhat is it? ASSISTANT:");
  ASSERT_EQ(prompt.images.size(), 1U);
  EXPECT_EQ(prompt.images[0].length, 16);
  for (std::int64_t i = 0; i < prompt.length(); ++i) {
    const bool inside = i >= prompt.images[0].begin && i < prompt.images[0].end();
    EXPECT_EQ(prompt.ids[static_cast<std::size_t>(i)] == 320, inside) << i;
  }
  EXPECT_EQ(prompt.last_image_index(), prompt.images[0].begin + 15);
  ASSERT_EQ(prompt.positions.size(), 1U);  // one axis, from 0
  ASSERT_EQ(std::ssize(prompt.positions[0]), prompt.length());
  for (std::int64_t i = 0; i < prompt.length(); ++i)
    EXPECT_EQ(prompt.positions[0][static_cast<std::size_t>(i)], i);
  EXPECT_EQ(prompt.next_position, prompt.length());

  const text::Prompt words = packer->pack_rendered("USER: Hi ASSISTANT:");
  EXPECT_TRUE(words.images.empty());
  EXPECT_EQ(words.last_image_index(), -1);
  EXPECT_EQ(packer->answer_ids("Is it red?", "Yes"),
            text::answer_ids(packer->tokenizer(), packer->chat(), "Is it red?", "Yes"));
}

TEST(Llava, ATokenizerOfAnotherModelIsRefused) {
  const test::Scratch scratch;
  for (const char* name : {"config.json", "generation_config.json"})
    std::filesystem::copy_file(kModel / name, scratch.path() / name);
  std::filesystem::copy_file(std::filesystem::path(HONES_TEST_DATA) / "tokenizer" / "llama.json",
                             scratch.path() / "tokenizer.json");
  EXPECT_NAMES(test::data_error(
                   [&] { family_of(scratch.path()).open_packer(scratch.path(), choice::Prompts::paper); }),
               "the two files belong to different models");
}

// Until the family's own reader says what is wrong, none is any other's.
TEST(Families, AConfigurationThatSaysNothingIsTheDefaultOnes) {
  const test::Scratch scratch;
  for (const char* config : {"", "{", "[]", "7", "{}", R"({"model_type": 7})", R"({"model_type": null})"}) {
    scratch.write("config.json", config);
    EXPECT_EQ(&family_of(scratch.path()), &default_family()) << config;
  }
}

TEST(Families, AFolderOfAnUnknownOneGetsAReaderThatSaysSo) {
  const test::Scratch scratch;
  scratch.write("config.json", R"({"model_type": "mamba"})");
  EXPECT_NAMES(test::data_error([&] { family_of(scratch.path()).read_config(scratch.path()); }), "mamba");
  EXPECT_NAMES(
      test::data_error([&] { family_of(scratch.path() / "none").read_config(scratch.path() / "none"); }),
      "config.json");
}

}  // namespace
}  // namespace hones::family
