// What tokenizer.json says, as values.
#pragma once

#include <unordered_map>

#include <hones/text/tokenizer.hpp>

#include "added_tokens.hpp"
#include "bpe.hpp"
#include "pipeline.hpp"

namespace hones::text {

struct Contents {
  AddedTokens raw;         // sought in the text as it is
  AddedTokens normalized;  // sought after the normalizer
  std::vector<NormalizerStep> normalizer;
  std::optional<Metaspace> pre_tokenizer;
  Bpe model;
  std::vector<std::int64_t> prefix, suffix;  // the post-processor's
  std::vector<DecoderStep> decoder;

  struct Token {
    std::string text;
    bool special = false;
  };
  std::unordered_map<std::int64_t, Token> tokens;  // by id, added tokens before pieces
  Vocabulary added_ids;                            // by content
  std::size_t size = 0;                            // largest id + 1
};

struct Tokenizer::Impl : Contents {};

}  // namespace hones::text
