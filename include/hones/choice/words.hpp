// Enumerations with words: settings, errors, results and stored files say a choice by its word, code by its
// value. Here one turns into the other, and nowhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hones::choice {

template <typename Choice>
struct Word {
  Choice choice;
  std::string_view word;
};
// For clang 14, which builds the fuzz targets and deduces no aggregate.
template <typename Choice>
Word(Choice, std::string_view) -> Word<Choice>;

// Of each enumeration (choices.hpp): `list`, its words in the order in which help and errors tell them.
template <typename Choice>
struct Words;

template <typename Choice>
std::string word(Choice choice) {
  for (const Word<Choice>& known : Words<Choice>::list) {
    if (known.choice == choice) return std::string(known.word);
  }
  return {};  // no value of the enumeration
}

template <typename Choice>
std::optional<Choice> find(std::string_view word) {
  for (const Word<Choice>& known : Words<Choice>::list) {
    if (known.word == word) return known.choice;
  }
  return std::nullopt;
}

template <typename Choice>
std::vector<std::string> all_words() {
  std::vector<std::string> words;
  for (const Word<Choice>& known : Words<Choice>::list) words.emplace_back(known.word);
  return words;
}

// DataError "WHERE: 'WORD' is not known: expected one of KNOWN".
[[noreturn]] void refuse(const std::string& where, std::string_view word,
                         const std::vector<std::string>& known);

// Of a word out of a file; `where` names it. Settings check theirs when they are set.
template <typename Choice>
Choice from(std::string_view word, const std::string& where) {
  const std::optional<Choice> found = find<Choice>(word);
  if (!found) refuse(where, word, all_words<Choice>());
  return *found;
}

}  // namespace hones::choice
