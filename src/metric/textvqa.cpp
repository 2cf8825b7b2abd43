// docs/benchmark.md 3.3: what the TextVQA challenge's answer processor (EvalAIAnswerProcessor, as in Pythia
// and MMF) does.
#include <stdexcept>
#include <vector>

#include <hones/metric/answer.hpp>
#include <hones/metric/textvqa.hpp>
#include <hones/metric/unicode.hpp>

namespace hones::metric {

namespace {

constexpr std::size_t kAnswers = 10;

// Commas and question marks go, a possessive becomes a word of its own.
std::string tokenized(std::string_view text) {
  std::string result;
  for (const char c : lower(text)) {
    if (c == ',' || c == '?') continue;
    if (c == 's' && result.ends_with('\'')) result.insert(result.size() - 1, 1, ' ');
    result += c;
  }
  return trim(result);
}

}  // namespace

std::string textvqa_normalize(std::string_view text) {
  return answer_words(answer_punctuation(answer_blanks(tokenized(text))));
}

double textvqa_accuracy(std::string_view prediction, std::span<const std::string> answers) {
  if (answers.size() != kAnswers) {
    throw std::invalid_argument("textvqa_accuracy: expected 10 answers, got " +
                                std::to_string(answers.size()));
  }
  std::vector<std::string> given;
  for (const std::string& answer : answers) given.push_back(textvqa_normalize(answer));
  return leave_one_out(textvqa_normalize(prediction), given);
}

}  // namespace hones::metric
