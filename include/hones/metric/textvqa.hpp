// TextVQA accuracy (docs/benchmark.md 3.3).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// The evaluator's normalisation, applied to the prediction and to every answer.
std::string textvqa_normalize(std::string_view text);
// std::invalid_argument unless there are exactly ten answers.
double textvqa_accuracy(std::string_view prediction, std::span<const std::string> answers);

}  // namespace hones::metric
