// Tokens that are cut out of the text before BPE sees it.
#pragma once

#include <array>

#include <hones/text/tokenizer.hpp>

#include "pipeline.hpp"

namespace hones::text {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;  // as the file has it
  std::string pattern;  // what is sought and decoded: the content, normalised where the token says so
  bool single_word = false;
  bool strip_left = false;
  bool strip_right = false;
  bool normalized = false;
  bool special = false;
};

// A stretch of a piece: an added token, or text between two of them (id < 0).
struct Stretch {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::int32_t id = -1;
};

class AddedTokens {
 public:
  void add(AddedToken token);
  bool empty() const { return tokens_.empty(); }

  // Leftmost-longest matches. A match that overlaps `literal` (by origin) is none.
  std::vector<Stretch> cut(const Piece& piece, std::span<const ByteRange> literal) const;

 private:
  const AddedToken* longest_at(const Piece& piece, std::size_t at, std::span<const ByteRange> literal) const;

  std::vector<AddedToken> tokens_;
  std::array<std::vector<std::size_t>, 256> by_first_byte_;  // indices into tokens_, longest pattern first
};

}  // namespace hones::text
