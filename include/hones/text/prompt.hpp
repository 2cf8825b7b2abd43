// Prompts: one user turn about one picture, rendered into a family's chat form and encoded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hones/text/tokenizer.hpp>

namespace hones::text {

// A chat form as data (docs/models.md 2.4): text before the user's words, and after them. `image_token`
// stands in `before` exactly once, unexpanded.
struct ChatTemplate {
  std::string before;            // "USER: <image>\n"
  std::string after;             // " ASSISTANT:"
  std::string image_token;       // "<image>"
  std::string answer_separator;  // " ": what joins prompt and answer when target ids are derived
};

ChatTemplate llava_chat();          // as the published template renders one image and one text
ChatTemplate llava_release_chat();  // the authors' code: "\nASSISTANT:"

struct Prompt {
  std::string rendered;           // with the image token once
  std::vector<std::int64_t> ids;  // image token expanded to `image_tokens` copies
  std::size_t image_begin =
      0;  // index of the first image id; image_begin + image_tokens is the first text id after it
};

// Renders and encodes. `user_text` comes from data: spellings of special tokens in it stay ordinary text
// unless `allow_special_in_text`. image_tokens >= 1.
Prompt make_prompt(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view user_text,
                   std::size_t image_tokens, bool allow_special_in_text = false);

// `rendered` as it stands (the --raw-prompt form), image token expanded; it must hold the image token at most
// once.
Prompt make_raw_prompt(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view rendered,
                       std::size_t image_tokens);

// Ids that the model would emit for `answer` after `prompt`: ids of prompt + separator + answer after the
// prompt's own (docs/benchmark.md 3.7). Throws DataError when the prompt's ids are not a prefix or nothing is
// left.
std::vector<std::int64_t> answer_ids(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                     std::string_view user_text, std::string_view answer);

// Generated ids reduced to the answer: special tokens removed, trimmed, cut at the first newline
// (docs/benchmark.md 3).
std::string answer_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids);

}  // namespace hones::text
