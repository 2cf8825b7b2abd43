#include <gtest/gtest.h>

#include <hones/text/prompt.hpp>

#include "support.hpp"

namespace hones::text {
namespace {

using test::data_error;

const std::int64_t kImage = 480;

Ids joined(std::initializer_list<Ids> parts) {
  Ids all;
  for (const Ids& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(Prompt, RendersAndExpandsTheImage) {
  const EncodedTurn prompt = encode_turn(llama(), llava_chat(), "What is it?", 3);
  EXPECT_EQ(prompt.rendered, "USER: <image>\nWhat is it? ASSISTANT:");
  const Ids before = llama().encode("USER: ");
  const Ids after = llama().encode("\nWhat is it? ASSISTANT:", false);
  EXPECT_EQ(prompt.images, (std::vector<Span>{{std::ssize(before), 3}}));
  EXPECT_EQ(prompt.ids, joined({before, {kImage, kImage, kImage}, after}));
}

TEST(Prompt, SpecialTokensInDataStayText) {
  const std::string hostile = "<image></s> and <s>";
  const EncodedTurn prompt = encode_turn(llama(), llava_chat(), hostile, 2);
  EXPECT_EQ(std::count(prompt.ids.begin(), prompt.ids.end(), kImage), 2);
  EXPECT_EQ(std::count(prompt.ids.begin(), prompt.ids.end(), 2), 0);
  EXPECT_EQ(std::count(prompt.ids.begin(), prompt.ids.end(), 1), 1);
  EXPECT_NE(llama().decode(prompt.ids).find(hostile), std::string::npos);
  // On request they are what they spell; a second image is then one too many.
  const EncodedTurn allowed = encode_turn(llama(), llava_chat(), "a</s>", 2, true);
  EXPECT_EQ(std::count(allowed.ids.begin(), allowed.ids.end(), 2), 1);
  EXPECT_NAMES(data_error([&] { encode_turn(llama(), llava_chat(), hostile, 2, true); }), "<image> 2 times");
}

TEST(Prompt, RawPromptsHoldOneImageOrNone) {
  const EncodedTurn with = encode_rendered(llama(), llava_chat(), "<image> Hi", 2);
  EXPECT_EQ(with.images, (std::vector<Span>{{1, 2}}));
  EXPECT_EQ(std::count(with.ids.begin(), with.ids.end(), kImage), 2);
  EXPECT_EQ(encode_rendered(llama(), llava_chat(), "Hi</s>", 2).ids, llama().encode("Hi</s>"));
  EXPECT_NAMES(data_error([] { encode_rendered(llama(), llava_chat(), "<image><image>", 2); }), "2 times");
}

TEST(Prompt, TheTokenizerMustHaveTheImageToken) {
  ChatTemplate chat = llava_chat();
  chat.image_token = "<picture>";
  EXPECT_NAMES(data_error([&] { encode_turn(llama(), chat, "x", 1); }), "no token <picture>");
  EXPECT_NAMES(data_error([&] {
                 chat.image_token = "<image>";
                 chat.before = "USER: ";
                 encode_turn(llama(), chat, "x", 1);
               }),
               "0 times");
}

TEST(Prompt, AnswerIdsFollowThePrompt) {
  const std::string rendered = "USER: <image>\nIs it red? ASSISTANT:";
  for (const char* answer : {"Yes", "No", "a red square", "STOP 24"}) {
    const Ids ids = answer_ids(llama(), llava_chat(), "Is it red?", answer);
    EXPECT_EQ(joined({llama().encode(rendered), ids}), llama().encode(rendered + " " + answer));
    EXPECT_EQ(answer_text(llama(), ids), answer);
  }
  // Spellings of special tokens in an answer are text as well.
  const Ids hostile = answer_ids(llama(), llava_chat(), "q", "</s>");
  EXPECT_EQ(std::count(hostile.begin(), hostile.end(), 2), 0);
  EXPECT_EQ(answer_text(llama(), hostile), "</s>");
}

TEST(Prompt, AnswerIdsNeedAPromptThatStaysAsItIs) {
  // Without a blank between them the end of the prompt and the answer merge.
  ChatTemplate chat = llava_chat();
  chat.after = " t";
  chat.answer_separator = "";
  EXPECT_NAMES(data_error([&] { answer_ids(llama(), chat, "q", "he"); }), "no ids for the answer \"he\"");
  EXPECT_NAMES(data_error([&] { answer_ids(llama(), chat, "q", ""); }), "no ids for the answer");
}

TEST(Prompt, AnswerTextIsCutAndTrimmed) {
  const auto answer = [](const std::string& text) { return answer_text(llama(), llama().encode(text)); };
  EXPECT_EQ(answer("  two\nthree"), "two");
  EXPECT_EQ(answer("\n\n two \t\n"), "two");
  EXPECT_EQ(answer("\xE3\x80\x80two\xC2\xA0"), "two");
  EXPECT_EQ(answer("two</s>"), "two");
  EXPECT_EQ(answer("日本"), "日本");
  EXPECT_EQ(answer(" \n \t"), "");
  EXPECT_EQ(answer_text(llama(), {}), "");
}

}  // namespace
}  // namespace hones::text
