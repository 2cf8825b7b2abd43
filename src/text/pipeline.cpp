#include "pipeline.hpp"

#include <algorithm>
#include <charconv>

#include <hones/base/error.hpp>
#include <hones/base/utf8.hpp>

namespace hones::text {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// What the steps may make of `bytes` bytes. Published tokenizers make three of a blank; a few steps that each
// replace a letter by two would fill any memory.
std::size_t most_of(std::size_t bytes) {
  return (std::size_t{1} << 20) + 16 * bytes;
}

void check_growth(std::size_t bytes, std::size_t most) {
  if (bytes > most)
    throw DataError("the tokenizer's Replace steps make more than " + std::to_string(most) +
                    " bytes of a text");
}

std::string replaced(const std::string& text, const std::string& pattern, const std::string& content,
                     std::size_t most) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t hit; (hit = text.find(pattern, at)) != std::string::npos; at = hit + pattern.size()) {
    result.append(text, at, hit - at).append(content);
    check_growth(result.size(), most);
  }
  return result.append(text, at);
}

void replace(Piece& piece, const std::string& pattern, const std::string& content, std::size_t most) {
  Piece result;
  std::size_t at = 0;
  const auto copy_until = [&](std::size_t end) {
    result.text.append(piece.text, at, end - at);
    result.origin.insert(result.origin.end(), piece.origin.begin() + static_cast<std::ptrdiff_t>(at),
                         piece.origin.begin() + static_cast<std::ptrdiff_t>(end));
  };
  for (std::size_t hit; (hit = piece.text.find(pattern, at)) != std::string::npos;
       at = hit + pattern.size()) {
    copy_until(hit);
    result.text += content;
    result.origin.insert(result.origin.end(), content.size(), piece.origin[hit]);
    check_growth(result.text.size(), most);
  }
  copy_until(piece.text.size());
  piece = std::move(result);
}

void prepend(Piece& piece, const std::string& content) {
  if (piece.text.empty()) return;
  piece.text.insert(0, content);
  piece.origin.insert(piece.origin.begin(), content.size(), piece.origin.front());
}

// The byte of a token "<0xNN>", or -1.
int byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = -1;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  return error == std::errc() && end == token.data() + 5 ? value : -1;
}

// A run of byte tokens is one text, or as many replacement characters as it has bytes.
std::vector<std::string> joined_bytes(const std::vector<std::string>& tokens) {
  std::vector<std::string> result;
  std::string run;
  const auto end_run = [&] {
    if (run.empty()) return;
    if (valid_utf8(run)) {
      result.push_back(run);
    } else {
      result.insert(result.end(), run.size(), std::string(kReplacement));
    }
    run.clear();
  };
  for (const std::string& token : tokens) {
    if (const int byte = byte_of(token); byte >= 0) {
      run += static_cast<char>(byte);
    } else {
      end_run();
      result.push_back(token);
    }
  }
  end_run();
  return result;
}

std::string stripped(const std::string& token, const DecoderStep& step) {
  std::size_t begin = 0, end = token.size();
  for (std::size_t i = 0; i < step.start && token.compare(begin, step.content.size(), step.content) == 0;
       ++i) {
    begin += step.content.size();
  }
  for (std::size_t i = 0; i < step.stop && end >= begin + step.content.size() &&
                          token.compare(end - step.content.size(), step.content.size(), step.content) == 0;
       ++i) {
    end -= step.content.size();
  }
  return token.substr(begin, end - begin);
}

}  // namespace

Piece piece_of(std::string_view text, std::size_t begin, std::size_t end) {
  Piece piece{std::string(text.substr(begin, end - begin)), {}};
  for (std::size_t i = begin; i < end; ++i) piece.origin.push_back(i);
  return piece;
}

Piece part_of(const Piece& piece, std::size_t begin, std::size_t end) {
  return {piece.text.substr(begin, end - begin),
          {piece.origin.begin() + static_cast<std::ptrdiff_t>(begin),
           piece.origin.begin() + static_cast<std::ptrdiff_t>(end)}};
}

void normalize(Piece& piece, const std::vector<NormalizerStep>& steps) {
  const std::size_t most = most_of(piece.text.size());
  for (const NormalizerStep& step : steps) {
    if (step.kind == NormalizerStep::Kind::prepend) {
      prepend(piece, step.content);
    } else {
      replace(piece, step.pattern, step.content, most);
    }
  }
}

std::vector<Piece> apply(const Metaspace& metaspace, Piece piece) {
  replace(piece, " ", metaspace.mark, most_of(piece.text.size()));
  const bool wanted =
      metaspace.prepend == Metaspace::Prepend::always ||
      (metaspace.prepend == Metaspace::Prepend::first && !piece.origin.empty() && piece.origin.front() == 0);
  if (wanted && !piece.text.starts_with(metaspace.mark)) prepend(piece, metaspace.mark);
  if (!metaspace.split) return {std::move(piece)};
  std::vector<Piece> words;
  for (std::size_t begin = 0; begin < piece.text.size();) {
    const std::size_t end =
        std::min(piece.text.find(metaspace.mark, begin + metaspace.mark.size()), piece.text.size());
    words.push_back(part_of(piece, begin, end));
    begin = end;
  }
  return words;
}

std::string decode(std::vector<std::string> tokens, const std::vector<DecoderStep>& steps) {
  std::size_t bytes = 0;
  for (const std::string& token : tokens) bytes += token.size();
  const std::size_t most = most_of(bytes);
  for (const DecoderStep& step : steps) {
    switch (step.kind) {
      case DecoderStep::Kind::replace:
        bytes = 0;
        for (std::string& token : tokens) {
          token = replaced(token, step.pattern, step.content, most);
          check_growth(bytes += token.size(), most);
        }
        break;
      case DecoderStep::Kind::byte_fallback:
        tokens = joined_bytes(tokens);
        break;
      case DecoderStep::Kind::fuse: {
        std::string all;
        for (const std::string& token : tokens) all += token;
        tokens.assign(1, std::move(all));
        break;
      }
      case DecoderStep::Kind::strip:
        for (std::string& token : tokens) token = stripped(token, step);
        break;
      case DecoderStep::Kind::metaspace:
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          tokens[i] = replaced(tokens[i], step.content, i == 0 && step.drop_first ? "" : " ", most);
        }
        break;
    }
  }
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

}  // namespace hones::text
