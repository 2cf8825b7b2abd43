// What VQAv2 and TextVQA do to answers (docs/benchmark.md 3.1), step by step. Their evaluators' oddities are
// kept, because numbers are only comparable if everybody keeps them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// Step 1: newline and tab to blank, trim.
std::string answer_blanks(std::string_view text);
// Steps 2 and 3, of a text that step 1 left: punctuation, then full stops.
std::string answer_punctuation(std::string_view text);
// Step 4: lower case, number words, articles, contractions, one blank between words.
std::string answer_words(std::string_view text);

// Mean over annotators i of min(1, matches among the OTHERS / 3), of normalised strings; no answers: 0.
double leave_one_out(const std::string& prediction, std::span<const std::string> answers);

}  // namespace hones::metric
