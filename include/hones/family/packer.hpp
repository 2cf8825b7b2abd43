// Prompts as a family packs them. No tensors: what is asked can be planned and priced before a weight is
// read.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <hones/text/prompt.hpp>

namespace hones::family {

// Rendered, encoded, each image token expanded, and every id's position on every axis filled in. Nobody
// behind it derives positions from indices or counts image tokens.
class Packer {
 public:
  virtual ~Packer() = default;
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  const text::ChatTemplate& chat() const { return chat_; }

  // One user turn about one picture. `user_text` comes from data: spellings of special tokens in it stay
  // ordinary text unless `allow_special_in_text`.
  virtual text::Prompt pack(std::string_view user_text, bool allow_special_in_text = false) const = 0;
  // `rendered` as it stands; it must hold the image token at most once (DataError).
  virtual text::Prompt pack_rendered(std::string_view rendered) const = 0;

  // Ids that the model would emit for `answer` after the turn (text::answer_ids).
  std::vector<std::int64_t> answer_ids(std::string_view user_text, std::string_view answer) const {
    return text::answer_ids(tokenizer_, chat_, user_text, answer);
  }

 protected:
  Packer(text::Tokenizer tokenizer, text::ChatTemplate chat)
      : tokenizer_(std::move(tokenizer)), chat_(std::move(chat)) {}

 private:
  text::Tokenizer tokenizer_;
  text::ChatTemplate chat_;
};

}  // namespace hones::family
