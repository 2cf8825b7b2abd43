// GQA accuracy (docs/benchmark.md 3.2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// official: byte for byte. after_trim_dot_lower: the prediction is trimmed, its trailing full stops go, it is
// lower-cased and trimmed; the answer is left alone.
enum class GqaVariant { official, after_trim_dot_lower };
// 0 or 1.
double gqa_accuracy(std::string_view prediction, std::string_view answer,
                    GqaVariant variant = GqaVariant::after_trim_dot_lower);

struct GqaScored {
  double accuracy = 0;
  std::string structural;  // the question's structural type: query, verify, choose, logical, compare
  bool balanced = true;
};

// Means over balanced questions, in 0..1; 0 where a kind has none.
struct GqaReport {
  double overall = 0;
  double open = 0;    // structural type query
  double binary = 0;  // every other type
  std::int64_t questions = 0;
};
GqaReport gqa_report(std::span<const GqaScored> questions);

}  // namespace hones::metric
