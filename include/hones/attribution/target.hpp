// What a contribution points at: target tokens with weights (docs/method.md section 4). No tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/metric/metric.hpp>
#include <hones/text/tokenizer.hpp>

namespace hones::attribution {

struct Target {
  std::vector<std::int64_t> ids;
  std::vector<double> weights;
};

inline constexpr std::size_t kOpenTargetTokens = 128;

// Fixed set: weight 1 each, repeated ids count repeatedly.
Target fixed_target(std::vector<std::int64_t> ids);

// The references' ids without special ids, one by one. What document frequencies are counted on.
std::vector<std::vector<std::int64_t>> reference_ids(const text::Tokenizer& tokenizer,
                                                     std::span<const std::string> references);

// Open-ended: the references' ids concatenated (`separate`), or the references joined by blanks and encoded
// once
// (`release_join`); the first 128 ids, weight idf(id).
Target open_target(const text::Tokenizer& tokenizer, std::span<const std::string> references,
                   const metric::DocumentFrequency& frequency, choice::TargetJoin join);

}  // namespace hones::attribution
