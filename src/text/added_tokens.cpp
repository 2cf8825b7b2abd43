#include "added_tokens.hpp"

#include <algorithm>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <hones/base/utf8.hpp>

namespace hones::text {

namespace {

// The character before or at a byte of valid UTF-8 text.
UChar32 before(std::string_view text, std::size_t at) {
  UChar32 character = 0;
  auto position = static_cast<std::int32_t>(at);
  U8_PREV(reinterpret_cast<const std::uint8_t*>(text.data()), 0, position, character);
  return character;
}
UChar32 after(std::string_view text, std::size_t at) {
  UChar32 character = 0;
  auto position = static_cast<std::int32_t>(at);
  U8_NEXT(reinterpret_cast<const std::uint8_t*>(text.data()), position,
          static_cast<std::int32_t>(text.size()), character);
  return character;
}

// \w and \s of Unicode regular expressions.
bool is_word(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) ||
         (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}
bool is_space(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_WHITE_SPACE);
}

bool overlaps(const Piece& piece, std::size_t begin, std::size_t end, std::span<const ByteRange> literal) {
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t origin = piece.origin[i];
    const auto next =
        std::upper_bound(literal.begin(), literal.end(), origin,
                         [](std::size_t value, const ByteRange& range) { return value < range.end; });
    if (next != literal.end() && origin >= next->begin) return true;
  }
  return false;
}

}  // namespace

void AddedTokens::add(AddedToken token) {
  if (token.pattern.empty()) return;
  auto& bucket = by_first_byte_[static_cast<unsigned char>(token.pattern.front())];
  const auto place = std::find_if(bucket.begin(), bucket.end(), [&](std::size_t other) {
    return tokens_[other].pattern.size() < token.pattern.size();
  });
  bucket.insert(place, tokens_.size());
  tokens_.push_back(std::move(token));
}

const AddedToken* AddedTokens::longest_at(const Piece& piece, std::size_t at,
                                          std::span<const ByteRange> literal) const {
  for (const std::size_t index : by_first_byte_[static_cast<unsigned char>(piece.text[at])]) {
    const AddedToken& token = tokens_[index];
    if (piece.text.compare(at, token.pattern.size(), token.pattern) != 0) continue;
    if (!literal.empty() && overlaps(piece, at, at + token.pattern.size(), literal)) continue;
    return &token;
  }
  return nullptr;
}

std::vector<Stretch> AddedTokens::cut(const Piece& piece, std::span<const ByteRange> literal) const {
  std::vector<Stretch> stretches;
  const std::string& text = piece.text;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* token = longest_at(piece, at, literal);
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + token->pattern.size();
    at = end;
    if (token->single_word &&
        ((begin > 0 && is_word(before(text, begin))) || (end < text.size() && is_word(after(text, end))))) {
      continue;
    }
    if (token->strip_left) {
      while (begin > 0 && is_space(before(text, begin))) {
        --begin;
        while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
      }
      begin = std::max(begin, done);
    }
    if (token->strip_right) {
      while (end < text.size() && is_space(after(text, end))) end += character_at(text, end);
    }
    if (done < begin) stretches.push_back({done, begin, -1});
    stretches.push_back({begin, end, token->id});
    done = end;
    at = std::max(at, end);
  }
  if (done < text.size()) stretches.push_back({done, text.size(), -1});
  return stretches;
}

}  // namespace hones::text
