#include <algorithm>
#include <array>

#include <unicode/uchar.h>

#include <hones/metric/ptb.hpp>
#include <hones/metric/unicode.hpp>

#include "ptb_scanner.hpp"

namespace hones::metric {

namespace {

constexpr char32_t kUnknown = 0xE000;  // of no rule: ends a token and is dropped
constexpr char32_t kNoBreak = 0xA0;
constexpr char32_t kSoftHyphen = 0xAD;

bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// The tokenizer reads UTF-16 units and knows Unicode 6.
bool is_known(char32_t c) {
  UVersionInfo age{};
  u_charAge(static_cast<UChar32>(c), age);
  return c < 0x10000 && (age[0] < 6 || (age[0] == 6 && age[1] <= 1));
}

std::string one_line(std::string_view caption) {
  std::u32string line = code_points(caption);
  for (char32_t& c : line) {
    if (ends_line(c)) c = U' ';
    if (!is_known(c)) c = kUnknown;
  }
  return utf8(line);
}

std::string without_entities(std::string text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {{"&apos;", '\''}, {"&amp;", '&'}};
  for (const auto& [entity, character] : kEntities) {
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at) {
      text.erase(at + 1, entity.size() - 1);
      text[at] = character;
    }
  }
  return text;
}

// A quote in ASCII; none of another character.
std::u32string_view ascii_quote(char32_t c) {
  switch (c) {
    case 0x91:
    case 0x2018:
    case 0x201B:
    case 0x2039:
      return U"`";
    case 0x92:
    case 0x2019:
    case 0x203A:
      return U"'";
    case 0x93:
    case 0x201C:
    case 0xAB:
      return U"``";
    case 0x94:
    case 0x201D:
    case 0xBB:
      return U"''";
    default:
      return {};
  }
}

// How a token is printed: blanks unbreakable, soft hyphens gone, brackets spelled, and quotes straight if
// asked.
std::string printed(std::string_view matched, bool straight) {
  std::u32string points;
  for (const char32_t c : code_points(matched)) {
    if (c == kSoftHyphen) continue;
    const std::u32string_view quote = straight ? ascii_quote(c) : std::u32string_view{};
    if (!quote.empty()) {
      points += quote;
    } else if (c == U'(' || c == U')') {
      points += c == U'(' ? U"-LRB-" : U"-RRB-";
    } else {
      points += c == U' ' ? kNoBreak : c;
    }
  }
  if (points.empty()) points += U'-';
  return straight ? without_entities(utf8(points)) : utf8(points);
}

// Bytes of the last `count` characters.
std::size_t tail(std::string_view text, int count) {
  std::size_t at = text.size();
  for (; count > 0 && at > 0; --count) {
    do {
      --at;
    } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  }
  return text.size() - at;
}

// Length of a word of ASCII letters at `at` between ends of words; 0 where there is none, or where the rules
// must be asked. Nearly every word of a caption: no rule looks over a blank after letters alone, and of those
// that cut letters the list is complete.
std::size_t plain_word(std::string_view text, std::size_t at) {
  static const std::array<std::string, 6> cut = {"cannot", "gonna", "gotta", "lemme", "gimme", "wanna"};
  std::size_t end = at;
  while (end < text.size() && ((text[end] | 0x20) >= 'a' && (text[end] | 0x20) <= 'z')) ++end;
  if (end < text.size() && text[end] != ' ' && text[end] != '\n') return 0;
  const std::string word = lower(text.substr(at, end - at));
  return std::find(cut.begin(), cut.end(), word) == cut.end() ? end - at : 0;
}

bool is_dropped(const std::string& token) {
  static const std::array<std::string, 17> list = {"''",    "'",     "``", "`",   "-LRB-", "-RRB-",
                                                   "-LCB-", "-RCB-", ".",  "?",   "!",     ",",
                                                   ":",     "-",     "--", "...", ";"};
  return std::find(list.begin(), list.end(), token) != list.end();
}

std::string kept(const std::vector<std::string>& tokens) {
  std::vector<std::string> words;
  std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(words),
               [](const std::string& token) { return !is_dropped(token); });
  return join(words);
}

}  // namespace

std::vector<std::vector<std::string>> ptb_raw_tokens(std::span<const std::string> captions) {
  std::string text;
  for (const std::string& caption : captions) {
    if (&caption != captions.data()) text += '\n';
    text += one_line(caption);
  }
  std::vector<std::vector<std::string>> lines(captions.size());
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') ++line;
    if (text[at] == '\n' || text[at] == ' ') {  // no rule begins with a blank
      ++at;
      continue;
    }
    if (const std::size_t length = plain_word(text, at); length > 0) {
      lines[line].push_back(lower(std::string_view(text).substr(at, length)));
      at += length;
      continue;
    }
    const PtbMatch match = ptb_match(text, at);
    const std::string_view matched = std::string_view(text).substr(at, match.length);
    const std::size_t back = tail(matched, match.rule->back);
    if (match.rule->emit != Emit::nothing) {
      const std::string_view token = match.rule->whole ? matched : matched.substr(0, matched.size() - back);
      const bool straight = match.rule->emit == Emit::straight;
      lines[line].push_back(
          lower(match.rule->emit == Emit::mark ? match.rule->mark : printed(token, straight)));
    }
    at += matched.size() - back;
  }
  return lines;
}

std::vector<std::string> ptb_tokenize_lines(std::span<const std::string> captions) {
  std::vector<std::string> result;
  for (const auto& tokens : ptb_raw_tokens(captions)) result.push_back(kept(tokens));
  return result;
}

std::string ptb_tokenize(std::string_view caption) {
  const std::string alone(caption);
  return kept(ptb_raw_tokens(std::span(&alone, 1)).front());
}

}  // namespace hones::metric
