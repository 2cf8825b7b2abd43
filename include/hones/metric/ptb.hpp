// The tokenizer of the caption evaluation (docs/benchmark.md 3.5): what Stanford's PTBTokenizer 3.4.1 does as
// pycocoevalcap calls it (-preserveLines -lowerCase). Text is read as UTF-8; tokens may hold U+00A0.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hones::metric {

// Captions are the lines of one text without a final newline. Line ends within a caption become blanks first.
// The tokens of each caption, lower-cased, before any are dropped.
std::vector<std::vector<std::string>> ptb_raw_tokens(std::span<const std::string> captions);

// Context `lines`, the official one: captions tokenised as lines of one text, so that an abbreviation at a
// line's end sees the next caption. Each caption's tokens, without the evaluation's list of punctuation,
// joined by blanks.
std::vector<std::string> ptb_tokenize_lines(std::span<const std::string> captions);
// Context `single`: a caption alone. Differs from `lines` after abbreviations and one-letter acronyms at a
// line's end, and at the end of the text.
std::string ptb_tokenize(std::string_view caption);

}  // namespace hones::metric
