// Whether bytes are UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace hones {

// Length of the valid UTF-8 character at `at`; 0 where there is none.
std::size_t character_at(std::string_view text, std::size_t at);
bool valid_utf8(std::string_view text);
// The text behind the byte order mark that some editors put first.
inline std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

}  // namespace hones
