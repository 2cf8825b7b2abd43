// docs/benchmark.md 3.2: the official evaluator (GQA eval.py) and what users of vision-language models do.
#include <hones/metric/gqa.hpp>
#include <hones/metric/unicode.hpp>

#include "mean.hpp"

namespace hones::metric {

namespace {

std::string short_answer(std::string_view text) {
  std::string result = trim(text);
  while (result.ends_with('.')) result.pop_back();
  return trim(lower(result));
}

}  // namespace

double gqa_accuracy(std::string_view prediction, std::string_view answer, GqaVariant variant) {
  if (variant == GqaVariant::official) return prediction == answer ? 1 : 0;
  return short_answer(prediction) == answer ? 1 : 0;
}

GqaReport gqa_report(std::span<const GqaScored> questions) {
  Mean all, open, binary;
  for (const GqaScored& question : questions) {
    if (!question.balanced) continue;
    all.add(question.accuracy);
    (question.structural == "query" ? open : binary).add(question.accuracy);
  }
  return {all.value(), open.value(), binary.value(), all.count()};
}

}  // namespace hones::metric
