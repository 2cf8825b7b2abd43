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

// Indices [begin, begin + length) of a prompt's ids.
struct Span {
  std::int64_t begin = 0, length = 0;
  std::int64_t end() const { return begin + length; }
  bool operator==(const Span&) const = default;
};

// A rendered turn as ids, each image token expanded.
struct EncodedTurn {
  std::string rendered;           // with the image token once
  std::vector<std::int64_t> ids;  // image token expanded to `image_tokens` copies
  std::vector<Span> images;       // where these lie, one a picture
};

// A prompt with its geometry, complete as a family's packer makes it (hones/family/packer.hpp): whoever
// computes with it derives no position from an index, and counts no image tokens.
struct Prompt {
  std::string rendered;
  std::vector<std::int64_t> ids;                     // [T]
  std::vector<std::vector<std::int64_t>> positions;  // [axes][T]: 1 axis for rotary, 3 for mRoPE
  std::vector<Span> images;                          // of picture features, in order
  std::int64_t next_position = 0;                    // of the first id behind it, on all axes

  std::int64_t length() const { return std::ssize(ids); }
  // Index of the last picture's last id; -1 without a picture.
  std::int64_t last_image_index() const { return images.empty() ? -1 : images.back().end() - 1; }
};

// Renders and encodes. `user_text` comes from data: spellings of special tokens in it stay ordinary text
// unless `allow_special_in_text`. image_tokens >= 1.
EncodedTurn encode_turn(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view user_text,
                        std::size_t image_tokens, bool allow_special_in_text = false);

// `rendered` as it stands (the --raw-prompt form), image token expanded; it must hold the image token at most
// once.
EncodedTurn encode_rendered(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view rendered,
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
