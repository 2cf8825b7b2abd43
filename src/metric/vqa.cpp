// VQAv2 accuracy, docs/benchmark.md 3.1: what the official evaluator (VQA/PythonEvaluationTools, vqaEval.py)
// does, its oddities included, because numbers are only comparable if everybody keeps them.
#include <algorithm>
#include <stdexcept>

#include <hones/metric/unicode.hpp>
#include <hones/metric/vqa.hpp>

#include "contractions.hpp"

namespace hones::metric {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Step 1: newline and tab to blank, trim.
std::string blanks_only(std::string_view text) {
  std::string result(text);
  std::replace(result.begin(), result.end(), '\n', ' ');
  std::replace(result.begin(), result.end(), '\t', ' ');
  return trim(result);
}

bool has_comma_between_digits(std::string_view text) {
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == ',' && is_digit(text[i - 1]) && is_digit(text[i + 1])) return true;
  }
  return false;
}

bool touches_blank(std::string_view text, char p) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if ((text[i] == p && text[i + 1] == ' ') || (text[i] == ' ' && text[i + 1] == p)) return true;
  }
  return false;
}

// Step 3: a dot before anything but a digit goes. 32 because the evaluator hands re.UNICODE (32) to re.sub as
// its count.
std::string without_full_stops(const std::string& text) {
  constexpr int kAtMost = 32;
  std::string result;
  int removed = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit_follows = is_digit(text[i + 1]);  // of a std::string: past the end stands a zero
    if (text[i] == '.' && !digit_follows && removed < kAtMost) {
      ++removed;
    } else {
      result += text[i];
    }
  }
  return result;
}

// Steps 2 and 3. The tests look at `text` as it came, never at the working string.
std::string without_punctuation(std::string_view text) {
  constexpr std::string_view kPunctuation = ";/[]\"{}()=+\\_-><@`,?!";
  const bool comma_number = has_comma_between_digits(text);
  std::string working(text);
  for (const char p : kPunctuation) {
    if (comma_number || touches_blank(text, p)) {
      std::erase(working, p);
    } else {
      std::replace(working.begin(), working.end(), p, ' ');
    }
  }
  return without_full_stops(working);
}

std::string number_word(const std::string& word) {
  constexpr std::string_view kWords[] = {"zero", "one",   "two",   "three", "four", "five",
                                         "six",  "seven", "eight", "nine",  "ten"};
  if (word == "none") return "0";
  for (std::size_t n = 0; n < std::size(kWords); ++n) {
    if (word == kWords[n]) return std::to_string(n);
  }
  return word;
}

// Step 4, in this order: numbers, articles, contractions.
std::string without_articles(std::string_view text) {
  std::vector<std::string> kept;
  for (const std::string& raw : split(lower(text))) {
    const std::string word = number_word(raw);
    if (word == "a" || word == "an" || word == "the") continue;
    kept.emplace_back(contraction(word));
  }
  return join(kept);
}

// Mean over annotators i of min(1, matches among the OTHERS / 3).
double leave_one_out(const std::string& prediction, const std::vector<std::string>& answers) {
  const auto matches = std::count(answers.begin(), answers.end(), prediction);
  double sum = 0;
  for (const std::string& answer : answers) {
    const auto others = matches - (answer == prediction ? 1 : 0);
    sum += std::min(1.0, static_cast<double>(others) / 3.0);
  }
  return sum / static_cast<double>(answers.size());
}

}  // namespace

std::string vqa_normalize(std::string_view text) {
  return without_articles(without_punctuation(blanks_only(text)));
}

double vqa_accuracy(std::string_view prediction, std::span<const std::string> answers, VqaVariant variant) {
  if (answers.empty()) throw std::invalid_argument("vqa_accuracy: no answers");
  std::vector<std::string> given;
  for (const std::string& answer : answers) given.push_back(blanks_only(answer));
  std::string said = blanks_only(prediction);
  if (variant == VqaVariant::official_on_normalized_prediction) said = blanks_only(vqa_normalize(prediction));
  const bool unanimous = std::adjacent_find(given.begin(), given.end(), std::not_equal_to<>()) == given.end();
  if (variant == VqaVariant::normalize_always || !unanimous) {
    said = vqa_normalize(said);
    for (std::string& answer : given) answer = vqa_normalize(answer);
  }
  return leave_one_out(said, given);
}

namespace {

struct Mean {
  double sum = 0;
  std::int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
  double value() const { return sum / static_cast<double>(count); }
};

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
