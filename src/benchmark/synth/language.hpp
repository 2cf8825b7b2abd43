// What is said about a scene: captions with their meaning, false captions, and questions with their answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meaning.hpp"
#include "scene.hpp"

namespace hones::benchmark {

// Not benchmark::Caption (records.hpp): two types of one name in one namespace share the code of their
// containers, whichever the linker keeps.
struct SceneCaption {
  std::string text;
  Meaning meaning;
  int pattern = 0;  // which sentence pattern made it
};

inline constexpr int kCaptions = 5;
// Words, punctuation marks and letters of printed words in a caption: a generation limit of 24 tokens, one of
// them the end of the sequence, must suffice when printed words are spelled letter by letter.
inline constexpr int kCaptionTokens = 23;
int token_cost(const std::string& caption);

// Describes the scene; `detail` 0..2 says how much of it. Scenes of a family are described so that the
// difference is named. Nothing when the pattern drawn does not fit the scene or the sentence is too long:
// draw again.
std::optional<SceneCaption> describe(const Scene& scene, SplitMix64 rng, int detail);

// A caption that is false of its scene because one thing in it is changed.
struct Foil {
  std::string text;
  std::string changed;  // word, colour, shape, size, count, relation
  int caption = 0;      // the true caption it was made from
};

// `plan` and `detail` are those of the caption: the same sentence about a changed scene.
std::optional<Foil> make_foil(const Scene& scene, const SceneCaption& caption, SplitMix64 plan, int detail,
                              SplitMix64& rng);

struct Question {
  std::string text;
  std::string answer;
  std::string kind;           // relation, side, color, shape, count, size, exist, word
  std::string question_type;  // how it begins, as in VQAv2
  std::string answer_type;    // yes/no, number, other
};

inline constexpr std::size_t kQuestions = 4;
// Questions of different kinds, as many as the scene has clear answers for (at least two).
std::vector<Question> ask(const Scene& scene, SplitMix64 rng);

struct Answer {
  std::string text;
  std::string confidence;  // yes, maybe, no
};

// Ten annotators, most of whom agree: the rest flip a yes, miscount by one, or use another word.
std::vector<Answer> annotate(const Question& question, SplitMix64 rng);

}  // namespace hones::benchmark
