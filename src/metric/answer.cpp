#include <algorithm>
#include <iterator>
#include <vector>

#include <hones/metric/answer.hpp>
#include <hones/metric/unicode.hpp>

#include "contractions.hpp"

namespace hones::metric {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
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

std::string number_word(const std::string& word) {
  constexpr std::string_view kWords[] = {"zero", "one",   "two",   "three", "four", "five",
                                         "six",  "seven", "eight", "nine",  "ten"};
  if (word == "none") return "0";
  for (std::size_t n = 0; n < std::size(kWords); ++n) {
    if (word == kWords[n]) return std::to_string(n);
  }
  return word;
}

}  // namespace

std::string answer_blanks(std::string_view text) {
  std::string result(text);
  std::replace(result.begin(), result.end(), '\n', ' ');
  std::replace(result.begin(), result.end(), '\t', ' ');
  return trim(result);
}

// The tests look at `text` as it came, never at the working string.
std::string answer_punctuation(std::string_view text) {
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

std::string answer_words(std::string_view text) {
  std::vector<std::string> kept;
  for (const std::string& raw : split(lower(text))) {
    const std::string word = number_word(raw);
    if (word == "a" || word == "an" || word == "the") continue;
    kept.emplace_back(contraction(word));
  }
  return join(kept);
}

double leave_one_out(const std::string& prediction, std::span<const std::string> answers) {
  const auto matches = std::count(answers.begin(), answers.end(), prediction);
  double sum = 0;
  for (const std::string& answer : answers) {
    const auto others = matches - (answer == prediction ? 1 : 0);
    sum += std::min(1.0, static_cast<double>(others) / 3.0);
  }
  return answers.empty() ? 0 : sum / static_cast<double>(answers.size());
}

}  // namespace hones::metric
