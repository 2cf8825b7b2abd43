// VQAv2 accuracy (docs/benchmark.md 3.1).
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

enum class VqaVariant { official, official_on_normalized_prediction, normalize_always };
std::string vqa_normalize(std::string_view text);
// Any number of answers from 1 on; std::invalid_argument without any.
double vqa_accuracy(std::string_view prediction, std::span<const std::string> answers,
                    VqaVariant variant = VqaVariant::normalize_always);

struct VqaScored {
  double accuracy = 0;
  std::string question_type;
  std::string answer_type;
};

// Means of unrounded values, in 0..1: average first, round last.
struct VqaReport {
  double overall = 0;
  std::map<std::string, double> by_answer_type;
  std::map<std::string, double> by_question_type;
};
VqaReport vqa_report(std::span<const VqaScored> questions);

}  // namespace hones::metric
