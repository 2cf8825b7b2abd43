// The steps around BPE: normalizer, pre-tokenizer, decoder. Values read from tokenizer.json, applied in its
// order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hones::text {

// A piece of text on its way to the model. origin[i] is the byte of the encoded text that byte i comes from.
struct Piece {
  std::string text;
  std::vector<std::size_t> origin;
};
Piece piece_of(std::string_view text, std::size_t begin, std::size_t end);
Piece part_of(const Piece& piece, std::size_t begin, std::size_t end);

// Prepend (to pieces that are not empty) or Replace of a literal string.
struct NormalizerStep {
  enum class Kind { prepend, replace } kind;
  std::string pattern;  // replace
  std::string content;
};
// Throws DataError, like apply and decode below, where the steps make a text grow beyond reason.
void normalize(Piece& piece, const std::vector<NormalizerStep>& steps);

// Metaspace: blanks become `mark`, which is also put in front; optionally cut before every mark.
struct Metaspace {
  enum class Prepend { always, first, never } prepend = Prepend::always;
  std::string mark;
  bool split = true;
};
std::vector<Piece> apply(const Metaspace& metaspace, Piece piece);

struct DecoderStep {
  enum class Kind { replace, byte_fallback, fuse, strip, metaspace } kind;
  std::string pattern;              // replace
  std::string content;              // replace; strip: one character; metaspace: the mark
  std::size_t start = 0, stop = 0;  // strip
  bool drop_first = true;           // metaspace: the mark in front of everything decodes to nothing
};
std::string decode(std::vector<std::string> tokens, const std::vector<DecoderStep>& steps);

}  // namespace hones::text
