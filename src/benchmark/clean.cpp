#include <charconv>
#include <optional>

#include <hones/benchmark/clean.hpp>
#include <hones/metric/unicode.hpp>

#include "entities.hpp"

namespace hones::benchmark {

namespace {

constexpr std::size_t kLongestName = 10;  // of an entity, or the digits of a code point

// "#39" -> 39, "#x27" -> 39; nothing for what is no character.
std::optional<char32_t> numeric_entity(std::string_view body) {
  const bool hex = body.size() > 1 && (body[1] == 'x' || body[1] == 'X');
  const std::string_view digits = body.substr(hex ? 2 : 1);
  std::uint32_t point = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), point, hex ? 16 : 10);
  if (digits.empty() || result.ec != std::errc{} || result.ptr != digits.data() + digits.size())
    return std::nullopt;
  const bool character = point > 0 && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  return character ? std::optional<char32_t>(point) : std::nullopt;
}

std::optional<char32_t> entity(std::string_view body) {
  if (body.empty()) return std::nullopt;
  return body[0] == '#' ? numeric_entity(body) : named_entity(body);
}

}  // namespace

std::string decode_entities(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      const std::size_t end = text.substr(0, at + 2 + kLongestName).find(';', at);
      const auto point =
          end == std::string_view::npos ? std::nullopt : entity(text.substr(at + 1, end - at - 1));
      if (point) {
        result += metric::utf8(std::u32string(1, *point));
        at = end + 1;
        continue;
      }
    }
    result += text[at++];
  }
  return result;
}

std::string clean_text(std::string_view text) {
  return metric::collapse(decode_entities(text));
}

std::string fold_caption(std::string_view text) {
  std::u32string kept;
  for (const char32_t c : metric::code_points(metric::lower(text))) {
    if (metric::is_letter_or_digit(c) || metric::is_space(c)) kept += c;
  }
  return metric::collapse(metric::utf8(kept));
}

}  // namespace hones::benchmark
