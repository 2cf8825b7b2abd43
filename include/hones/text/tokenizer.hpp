// tokenizer.json (Hugging Face) as the file says it ("literal" mode of docs/models.md section 5): BPE with
// byte fallback and the LLaMA pipeline. A component that is not known is an error, never guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hones::text {

// Bytes [begin, end) of a text.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Tokenizer {
 public:
  // Reads DIR/tokenizer.json. Throws DataError naming the file and the component that is missing, malformed
  // or unknown.
  static Tokenizer from_file(const std::filesystem::path& file);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Ids of `text`. With `add_special` the post-processor's ids are added (LLaMA: <s> in front). Spellings of
  // added tokens become those tokens, except where they overlap one of `literal` (sorted, disjoint): text
  // that comes from data stays ordinary text there. Throws DataError for text that is not valid UTF-8.
  std::vector<std::int64_t> encode(std::string_view text, bool add_special = true,
                                   std::span<const ByteRange> literal = {}) const;

  // Text of `ids`. Ids without a token decode to nothing. With `skip_special` special tokens are dropped
  // first.
  std::string decode(std::span<const std::int64_t> ids, bool skip_special = true) const;

  // The id of an exact piece or added token.
  std::optional<std::int64_t> id_of(std::string_view token) const;
  std::size_t vocabulary_size() const;  // largest id + 1

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hones::text
