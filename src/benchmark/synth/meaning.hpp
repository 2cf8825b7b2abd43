// What a caption claims, as a formula that can be checked against any scene.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scene.hpp"

namespace hones::benchmark {

enum class Relation : std::uint8_t { above, below, left_of, right_of };
std::string_view phrase(Relation relation);  // "above", "left of"
Relation opposite(Relation relation);

// A thing in the picture: a printed word, or any object with the properties given.
struct Spec {
  std::optional<Size> size;
  std::optional<Colour> colour;
  std::optional<Shape> shape;
  std::string word;  // not empty: that printed word
};

struct Claim {
  enum class Kind : std::uint8_t { exists, exactly, related } kind;
  Spec subject;
  int count = 0;                        // exactly
  Relation relation = Relation::above;  // related
  Spec object;                          // related
};

using Meaning = std::vector<Claim>;

Claim exists(Spec subject);
Claim exactly(int count, Spec subject);
Claim related(Spec subject, Relation relation, Spec object);

// All claims hold. Relations are judged by centres and generously (one pixel is enough), so that a caption
// counts as false of a scene only where nobody could call it true.
bool holds(const Meaning& meaning, const Scene& scene);

// The clear relations of two centres, vertical first; at least one exists for things that do not overlap.
std::vector<Relation> clear_relations(double ax, double ay, double bx, double by);

std::string text(const Meaning& meaning);  // for scenes.jsonl: exists(red star) & above(word CAT, red star)

}  // namespace hones::benchmark
