// BLEU-1..4 of the caption evaluation (docs/benchmark.md 3.5).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// The ten integers from which every BLEU of an item or a multiset of items follows.
struct BleuCounts {
  std::array<std::int64_t, 4> guess{};
  std::array<std::int64_t, 4> correct{};
  std::int64_t hypothesis_length = 0;
  std::int64_t reference_length = 0;  // the closest, the shorter on a tie
  BleuCounts& operator+=(const BleuCounts& other);
  bool operator==(const BleuCounts&) const = default;
};

// Strings are tokenised (metric/ptb.hpp): split at white space, U+00A0 included. std::invalid_argument
// without references.
BleuCounts bleu_counts(std::string_view hypothesis, std::span<const std::string> references);
// BLEU-1..4 of (a sum of) counts.
std::array<double, 4> bleu(const BleuCounts& counts);

}  // namespace hones::metric
