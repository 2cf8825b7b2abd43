// Text as the metrics see it: code points, Unicode case and white space (docs/benchmark.md, opening of
// section 3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hones::metric {

// Ill-formed UTF-8 becomes U+FFFD, one for each maximal ill-formed part.
std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view text);

// Full case mapping: É -> é, ß -> SS.
std::string lower(std::string_view text);
std::string upper(std::string_view text);

// Unicode's White_Space, and U+001C..1F, which Python's str.split, the one that the evaluators use, also cuts
// at.
bool is_space(char32_t c);
bool is_letter_or_digit(char32_t c);
// A word character of Python's regular expressions: a letter, any kind of number, or an underscore.
bool is_word(char32_t c);

std::string trim(std::string_view text);
// The words between runs of white space.
std::vector<std::string> split(std::string_view text);
std::string join(const std::vector<std::string>& words);
// Runs of white space become one blank, none at either end.
std::string collapse(std::string_view text);

}  // namespace hones::metric
