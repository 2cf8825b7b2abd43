#include <gtest/gtest.h>

#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using test::data_error;
using test::Scratch;

// As the published LLaVA-1.5 files write it: the role in capitals, so that "USER:" itself does not occur.
const char* const kPublished =
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";
const char* const kMistral =
    "{{ bos_token }}{% for m in messages %}{{ '[INST] ' + m['content'] + ' [/INST]' }}{% endfor %}";

TEST(ChatTemplate, TheFirstFileThatHasOne) {
  const Scratch scratch;
  EXPECT_FALSE(chat_template(scratch.path()));
  const auto expect = [&](const char* name, const std::string& content, const std::string& text) {
    scratch.write(name, content);
    const auto found = chat_template(scratch.path());
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->text, text);
    EXPECT_EQ(found->file, scratch.path() / name);
  };
  expect("tokenizer_config.json", R"({"chat_template":"a"})", "a");
  scratch.write("processor_config.json", R"({"chat_template":null,"patch_size":14})");
  EXPECT_EQ(chat_template(scratch.path())->text, "a");
  expect("processor_config.json", R"({"chat_template":{"default":"b","tools":"x"}})", "b");
  expect("chat_template.json",
         R"({"chat_template":[{"name":"tools","template":"x"},{"name":"default","template":"c"}]})", "c");
  expect("chat_template.jinja", "d\n", "d\n");
}

TEST(ChatTemplate, MalformedOnesAreNamed) {
  const Scratch scratch;
  for (const char* wrong : {R"({"chat_template":3})", R"({"chat_template":[]})", R"({"chat_template":[3]})",
                            R"({"chat_template":[{"name":3}]})", R"({"chat_template":{"tools":"x"}})", "{"}) {
    scratch.write("chat_template.json", wrong);
    const std::string line = data_error([&] { chat_template(scratch.path()); });
    EXPECT_NAMES(line, (scratch.path() / "chat_template.json").string());
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

TEST(ChatTemplate, AnotherModelsFormIsWarnedOf) {
  EXPECT_TRUE(has_llava_pieces(kPublished));
  EXPECT_TRUE(has_llava_pieces("{{ 'USER: ' + text + ' ASSISTANT:' }}"));
  EXPECT_TRUE(has_llava_pieces("{{ role | upper }}: {{ 'ASSISTANT:' }}"));
  EXPECT_FALSE(has_llava_pieces(kMistral));
  EXPECT_FALSE(has_llava_pieces("<|im_start|>assistant"));
  const Scratch scratch;
  EXPECT_EQ(chat_template_warning(scratch.path()), "");
  scratch.write("chat_template.jinja", kPublished);
  EXPECT_EQ(chat_template_warning(scratch.path()), "");
  scratch.write("chat_template.jinja", kMistral);
  const std::string line = chat_template_warning(scratch.path());
  EXPECT_NAMES(line, (scratch.path() / "chat_template.jinja").string());
  EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

}  // namespace
}  // namespace hones::checkpoint
