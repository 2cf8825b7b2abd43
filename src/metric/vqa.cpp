// VQAv2 accuracy, docs/benchmark.md 3.1: what the official evaluator (VQA/PythonEvaluationTools, vqaEval.py)
// does.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include <hones/metric/answer.hpp>
#include <hones/metric/vqa.hpp>

#include "mean.hpp"

namespace hones::metric {

std::string vqa_normalize(std::string_view text) {
  return answer_words(answer_punctuation(answer_blanks(text)));
}

double vqa_accuracy(std::string_view prediction, std::span<const std::string> answers, VqaVariant variant) {
  if (answers.empty()) throw std::invalid_argument("vqa_accuracy: no answers");
  std::vector<std::string> given;
  for (const std::string& answer : answers) given.push_back(answer_blanks(answer));
  std::string said = answer_blanks(prediction);
  if (variant == VqaVariant::official_on_normalized_prediction)
    said = answer_blanks(vqa_normalize(prediction));
  const bool unanimous = std::adjacent_find(given.begin(), given.end(), std::not_equal_to<>()) == given.end();
  if (variant == VqaVariant::normalize_always || !unanimous) {
    said = vqa_normalize(said);
    for (std::string& answer : given) answer = vqa_normalize(answer);
  }
  return leave_one_out(said, given);
}

namespace {

std::map<std::string, double> means(const std::map<std::string, Mean>& groups) {
  std::map<std::string, double> result;
  for (const auto& [name, mean] : groups) result[name] = mean.value();
  return result;
}

}  // namespace

VqaReport vqa_report(std::span<const VqaScored> questions) {
  if (questions.empty()) throw std::invalid_argument("vqa_report: no questions");
  Mean all;
  std::map<std::string, Mean> by_answer, by_question;
  for (const VqaScored& question : questions) {
    all.add(question.accuracy);
    by_answer[question.answer_type].add(question.accuracy);
    by_question[question.question_type].add(question.accuracy);
  }
  return {all.value(), means(by_answer), means(by_question)};
}

}  // namespace hones::metric
