#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <hones/metric/unicode.hpp>

namespace hones::metric {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

icu::UnicodeString icu_string(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

struct Step {
  char32_t c;
  std::size_t next;
};

Step decode(std::string_view text, std::size_t at) {
  std::size_t i = at;
  UChar32 c = 0;
  U8_NEXT_OR_FFFD(text.data(), i, text.size(), c);
  return {static_cast<char32_t>(c), i};
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

std::u32string code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Step step = decode(text, at);
    points += step.c;
    at = step.next;
  }
  return points;
}

std::string utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t c : text) {
    char buffer[U8_MAX_LENGTH];
    std::int32_t length = 0;
    const bool encodable = c <= 0x10FFFF && !U_IS_SURROGATE(c);
    U8_APPEND_UNSAFE(buffer, length, static_cast<UChar32>(encodable ? c : kReplacement));
    bytes.append(buffer, static_cast<std::size_t>(length));
  }
  return bytes;
}

std::string lower(std::string_view text) {
  if (is_ascii(text)) {  // nearly all text that is ever scored; ICU takes 20 times as long
    std::string result(text);
    for (char& c : result) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
  }
  std::string result;
  icu_string(text).toLower(icu::Locale::getRoot()).toUTF8String(result);
  return result;
}

std::string upper(std::string_view text) {
  std::string result;
  icu_string(text).toUpper(icu::Locale::getRoot()).toUTF8String(result);
  return result;
}

bool is_space(char32_t c) {
  return (c >= 0x1C && c <= 0x1F) || u_isUWhiteSpace(static_cast<UChar32>(c));
}

bool is_letter_or_digit(char32_t c) {
  return u_isalnum(static_cast<UChar32>(c));
}

bool is_word(char32_t c) {
  const auto category = static_cast<UChar32>(c);
  return c == U'_' || (U_GET_GC_MASK(category) & (U_GC_L_MASK | U_GC_N_MASK)) != 0;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Step step = decode(text, at);
    if (is_space(step.c)) {
      if (at > begin) words.emplace_back(text.substr(begin, at - begin));
      begin = step.next;
    }
    at = step.next;
  }
  if (text.size() > begin) words.emplace_back(text.substr(begin));
  return words;
}

std::string trim(std::string_view text) {
  std::size_t first = text.size(), last = text.size();
  for (std::size_t at = 0; at < text.size();) {
    const Step step = decode(text, at);
    if (!is_space(step.c)) {
      if (first == text.size()) first = at;
      last = step.next;
    }
    at = step.next;
  }
  return std::string(text.substr(first, last - first));
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::string collapse(std::string_view text) {
  return join(split(text));
}

}  // namespace hones::metric
