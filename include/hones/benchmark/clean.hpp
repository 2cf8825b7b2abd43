// Text of the official files as it is compared and asked for (docs/benchmark.md 2.2, 2.5).
#pragma once

#include <string>
#include <string_view>

namespace hones::benchmark {

// &NAME; with the 252 names of HTML 4 and apos, &#DECIMAL; and &#xHEX;. What is none of these, or lacks its
// semicolon, stays as it stands.
std::string decode_entities(std::string_view text);

// Clean text: entities decoded, runs of white space replaced by one blank, trimmed.
std::string clean_text(std::string_view text);

// Captions with the same fold are the same caption: lower-cased, everything but letters, digits and blanks
// removed, runs of white space replaced by one blank, trimmed.
std::string fold_caption(std::string_view text);

}  // namespace hones::benchmark
