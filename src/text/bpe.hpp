// Byte-pair encoding as the tokenizers library does it, with a heap: without a pre-tokenizer a whole prompt
// is one word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hones::text {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using Vocabulary = std::unordered_map<std::string, std::int32_t, StringHash, std::equal_to<>>;

struct Bpe {
  struct Merge {
    std::int32_t rank;
    std::int32_t result;
  };
  Vocabulary vocabulary;
  std::unordered_map<std::uint64_t, Merge> merges;  // by pair()
  std::optional<std::int32_t> unknown;
  bool byte_fallback = false;
  bool fuse_unknown = false;
  bool ignore_merges = false;  // a whole word of the vocabulary is that piece

  static std::uint64_t pair(std::int32_t left, std::int32_t right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
  }
  // Appends the ids of `word` (valid UTF-8).
  void encode(std::string_view word, std::vector<std::int64_t>& ids) const;
};

}  // namespace hones::text
