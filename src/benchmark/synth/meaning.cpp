#include "meaning.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hones::benchmark {

namespace {

struct Point {
  double x, y;
};

bool matches(const Spec& spec, const Object& object) {
  return spec.word.empty() && (!spec.size || *spec.size == object.size) &&
         (!spec.colour || *spec.colour == object.colour) && (!spec.shape || *spec.shape == object.shape);
}

std::vector<Point> centres(const Spec& spec, const Scene& scene) {
  std::vector<Point> found;
  for (const auto& object : scene.objects) {
    if (matches(spec, object)) found.push_back({object.x, object.y});
  }
  for (const auto& word : scene.words) {
    if (word.legible && word.text == spec.word) found.push_back({word.centre_x(), word.centre_y()});
  }
  return found;
}

bool related_points(const Point& a, Relation relation, const Point& b) {
  switch (relation) {
    case Relation::above:
      return a.y < b.y;
    case Relation::below:
      return a.y > b.y;
    case Relation::left_of:
      return a.x < b.x;
    case Relation::right_of:
      return a.x > b.x;
  }
  return false;
}

bool holds(const Claim& claim, const Scene& scene) {
  const auto subjects = centres(claim.subject, scene);
  switch (claim.kind) {
    case Claim::Kind::exists:
      return !subjects.empty();
    case Claim::Kind::exactly:
      return static_cast<int>(subjects.size()) == claim.count;
    case Claim::Kind::related:
      break;
  }
  if (subjects.empty()) return false;
  const auto objects = centres(claim.object, scene);
  return std::any_of(subjects.begin(), subjects.end(), [&](const Point& a) {
    return std::any_of(objects.begin(), objects.end(),
                       [&](const Point& b) { return related_points(a, claim.relation, b); });
  });
}

std::string text(const Spec& spec) {
  if (!spec.word.empty()) return "word " + spec.word;
  std::string result;
  if (spec.size) result += std::string(name(*spec.size)) + " ";
  if (spec.colour) result += std::string(name(*spec.colour)) + " ";
  return result + std::string(spec.shape ? name(*spec.shape) : "object");
}

}  // namespace

std::string_view phrase(Relation relation) {
  constexpr std::array<std::string_view, 4> phrases{"above", "below", "left of", "right of"};
  return phrases[static_cast<std::size_t>(relation)];
}

Relation opposite(Relation relation) {
  constexpr std::array<Relation, 4> opposites{Relation::below, Relation::above, Relation::right_of,
                                              Relation::left_of};
  return opposites[static_cast<std::size_t>(relation)];
}

Claim exists(Spec subject) {
  return {Claim::Kind::exists, std::move(subject), 0, {}, {}};
}
Claim exactly(int count, Spec subject) {
  return {Claim::Kind::exactly, std::move(subject), count, {}, {}};
}
Claim related(Spec subject, Relation relation, Spec object) {
  return {Claim::Kind::related, std::move(subject), 0, relation, std::move(object)};
}

bool holds(const Meaning& meaning, const Scene& scene) {
  return std::all_of(meaning.begin(), meaning.end(), [&](const Claim& claim) { return holds(claim, scene); });
}

std::vector<Relation> clear_relations(double ax, double ay, double bx, double by) {
  std::vector<Relation> result;
  if (ay <= by - kClearDistance) result.push_back(Relation::above);
  if (ay >= by + kClearDistance) result.push_back(Relation::below);
  if (ax <= bx - kClearDistance) result.push_back(Relation::left_of);
  if (ax >= bx + kClearDistance) result.push_back(Relation::right_of);
  return result;
}

std::string text(const Meaning& meaning) {
  std::string result;
  for (const auto& claim : meaning) {
    if (!result.empty()) result += " & ";
    switch (claim.kind) {
      case Claim::Kind::exists:
        result += "exists(" + text(claim.subject) + ")";
        break;
      case Claim::Kind::exactly:
        result += "exactly(" + std::to_string(claim.count) + ", " + text(claim.subject) + ")";
        break;
      case Claim::Kind::related:
        result +=
            std::string(phrase(claim.relation)) + "(" + text(claim.subject) + ", " + text(claim.object) + ")";
        break;
    }
  }
  return result;
}

}  // namespace hones::benchmark
