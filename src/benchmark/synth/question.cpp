#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

#include <hones/base/error.hpp>

#include "language.hpp"

namespace hones::benchmark {

namespace {

using Maybe = std::optional<Question>;

std::string noun(const Group& g) {
  return std::string(name(g.colour)) + " " + std::string(name(g.shape));
}

std::string_view article(const std::string& next) {
  return std::string_view("aeiou").find(next.front()) == std::string_view::npos ? "a" : "an";
}

template <typename T>
const T& pick(const std::vector<T>& items, SplitMix64& rng) {
  return items[rng.below(items.size())];
}

std::vector<Group> shown(const Scene& scene) {
  auto groups = scene.groups();
  std::erase_if(groups, [](const Group& g) { return g.members.empty(); });
  return groups;
}

std::vector<Group> singles(const Scene& scene) {
  auto groups = shown(scene);
  std::erase_if(groups, [](const Group& g) { return g.members.size() != 1; });
  return groups;
}

// Groups whose shape (or colour) no other group shares, so that it names them.
template <typename Property>
std::vector<Group> unique_by(const Scene& scene, Property property) {
  const auto groups = shown(scene);
  auto result = groups;
  std::erase_if(result, [&](const Group& g) {
    return std::count_if(groups.begin(), groups.end(),
                         [&](const Group& other) { return property(other) == property(g); }) != 1;
  });
  return result;
}

Maybe ask_color(const Scene& scene, SplitMix64& rng) {
  const auto groups = unique_by(scene, [](const Group& g) { return g.shape; });
  if (groups.empty()) return {};
  const Group& g = pick(groups, rng);
  const bool one = g.members.size() == 1;
  const std::string begin = one ? "What color is the" : "What color are the";
  return Question{begin + " " + std::string(name(g.shape)) + (one ? "?" : "s?"), std::string(name(g.colour)),
                  "color", one ? "what color is the" : "what color are the", "other"};
}

Maybe ask_shape(const Scene& scene, SplitMix64& rng) {
  const auto groups = unique_by(scene, [](const Group& g) { return g.colour; });
  if (groups.empty()) return {};
  const Group& g = pick(groups, rng);
  const bool one = g.members.size() == 1;
  return Question{std::string(one ? "What shape is the " : "What shape are the ") +
                      std::string(name(g.colour)) + (one ? " object?" : " objects?"),
                  std::string(name(g.shape)), "shape", "what", "other"};
}

Maybe ask_count(const Scene& scene, SplitMix64& rng) {
  const Object& object = pick(scene.objects, rng);
  Spec spec;
  std::string what = "shapes";
  const auto kind = rng.below(4);
  if (kind == 1) {
    spec.colour = rng.below(6) == 0 ? static_cast<Colour>(rng.below(kColours)) : object.colour;
    what = std::string(name(*spec.colour)) + " shapes";
  } else if (kind == 2) {
    spec.shape = rng.below(6) == 0 ? static_cast<Shape>(rng.below(kShapes)) : object.shape;
    what = std::string(name(*spec.shape)) + "s";
  } else if (kind == 3) {
    spec.colour = object.colour;
    spec.shape = object.shape;
    what = std::string(name(object.colour)) + " " + std::string(name(object.shape)) + "s";
  }
  const auto n = std::count_if(scene.objects.begin(), scene.objects.end(), [&](const Object& o) {
    return (!spec.colour || *spec.colour == o.colour) && (!spec.shape || *spec.shape == o.shape);
  });
  return Question{"How many " + what + " are there?", std::to_string(n), "count", "how many", "number"};
}

Maybe ask_size(const Scene& scene, SplitMix64& rng) {
  const auto groups = singles(scene);
  if (groups.empty()) return {};
  const Group& g = pick(groups, rng);
  return Question{"Is the " + noun(g) + " large or small?",
                  std::string(name(scene.objects[g.members[0]].size)), "size", "is the", "other"};
}

Maybe ask_exist(const Scene& scene, SplitMix64& rng) {
  Group g = pick(shown(scene), rng);
  const bool yes = rng.below(2) == 0;
  while (!yes) {  // something near: only the colour or only the shape is another
    Group other = g;
    if (rng.below(2) == 0) {
      other.colour = static_cast<Colour>(rng.below(kColours));
    } else {
      other.shape = static_cast<Shape>(rng.below(kShapes));
    }
    if (std::none_of(scene.objects.begin(), scene.objects.end(),
                     [&](const Object& o) { return o.colour == other.colour && o.shape == other.shape; })) {
      g = other;
      break;
    }
  }
  return Question{"Is there " + std::string(article(noun(g))) + " " + noun(g) + "?", yes ? "yes" : "no",
                  "exist", "is there", "yes/no"};
}

// Two things in the picture that a phrase names: objects alone of their kind, and words.
struct Thing {
  std::string phrase;
  double x, y;
};

std::optional<std::pair<Thing, Thing>> two_things(const Scene& scene, SplitMix64& rng, bool words) {
  std::vector<Thing> things;
  for (const auto& g : singles(scene)) {
    const Object& o = scene.objects[g.members[0]];
    things.push_back({"the " + noun(g), o.x, o.y});
  }
  const std::size_t objects = things.size();
  if (words && objects > 0) {
    const PrintedWord& w = scene.words[rng.below(scene.legible_words())];
    things.push_back({"the word " + w.text, w.centre_x(), w.centre_y()});
    std::swap(things[rng.below(objects)], things[0]);
    std::swap(things.back(), things[1]);
  } else {
    if (objects < 2) return {};
    shuffle(std::span(things), rng);
  }
  if (rng.below(2) == 0) std::swap(things[0], things[1]);
  return std::pair(things[0], things[1]);
}

std::string relation_phrase(Relation r) {
  return r == Relation::left_of || r == Relation::right_of ? "to the " + std::string(phrase(r))
                                                           : std::string(phrase(r));
}

Maybe ask_relation(const Scene& scene, SplitMix64& rng) {
  const auto things = two_things(scene, rng, rng.below(4) == 0);
  if (!things) return {};
  const auto& [a, b] = *things;
  const auto relations = clear_relations(a.x, a.y, b.x, b.y);
  if (relations.empty()) return {};
  const Relation truth = pick(relations, rng);
  const bool yes = rng.below(2) == 0;
  return Question{
      "Is " + a.phrase + " " + relation_phrase(yes ? truth : opposite(truth)) + " " + b.phrase + "?",
      yes ? "yes" : "no", "relation", "is the", "yes/no"};
}

Maybe ask_side(const Scene& scene, SplitMix64& rng) {
  const auto things = two_things(scene, rng, rng.below(4) == 0);
  if (!things) return {};
  const auto& [a, b] = *things;
  const auto relations = clear_relations(a.x, a.y, b.x, b.y);
  if (relations.empty()) return {};
  const Relation truth = pick(relations, rng);
  const bool vertical = truth == Relation::above || truth == Relation::below;
  const std::string answer =
      vertical ? std::string(phrase(truth)) : (truth == Relation::left_of ? "left" : "right");
  return Question{"Is " + a.phrase + (vertical ? " above or below " : " left or right of ") + b.phrase + "?",
                  answer, "side", "is the", "other"};
}

Maybe ask_word(const Scene& scene, SplitMix64& rng) {
  std::string text = scene.words[rng.below(scene.legible_words())].text;
  const bool yes = rng.below(2) == 0;
  if (!yes) {
    do {
      text = similar_word(rng, text);
    } while (
        std::any_of(scene.words.begin(), scene.words.end(), [&](const auto& w) { return w.text == text; }));
  }
  return Question{"Is the word " + text + " printed?", yes ? "yes" : "no", "word", "is the", "yes/no"};
}

std::string other_answer(const Question& q, SplitMix64& rng) {
  static const std::map<std::string, std::vector<std::string>> others{{"yes", {"no"}},
                                                                      {"no", {"yes"}},
                                                                      {"large", {"big", "small"}},
                                                                      {"small", {"little", "large"}},
                                                                      {"left", {"right"}},
                                                                      {"right", {"left"}},
                                                                      {"above", {"below", "top"}},
                                                                      {"below", {"under", "above"}},
                                                                      {"red", {"orange"}},
                                                                      {"orange", {"red"}},
                                                                      {"yellow", {"gold"}},
                                                                      {"green", {"dark green"}},
                                                                      {"blue", {"light blue"}},
                                                                      {"purple", {"violet"}},
                                                                      {"pink", {"purple"}},
                                                                      {"black", {"dark gray"}},
                                                                      {"circle", {"round"}},
                                                                      {"square", {"rectangle"}},
                                                                      {"star", {"stars"}},
                                                                      {"triangle", {"pyramid"}},
                                                                      {"heart", {"love"}},
                                                                      {"diamond", {"rhombus"}}};
  if (q.answer_type == "number") {
    const int n = std::stoi(q.answer);
    return std::to_string(n == 0 || rng.below(2) == 0 ? n + 1 : n - 1);
  }
  return pick(others.at(q.answer), rng);
}

}  // namespace

std::vector<Question> ask(const Scene& scene, SplitMix64 rng) {
  using Asker = std::function<Maybe(const Scene&, SplitMix64&)>;
  std::vector<Asker> askers{ask_relation, ask_side, ask_color, ask_shape,
                            ask_count,    ask_size, ask_exist, ask_word};
  shuffle(std::span(askers), rng);
  std::vector<Question> questions;
  for (const auto& asker : askers) {
    if (questions.size() == kQuestions) break;
    if (auto question = asker(scene, rng)) questions.push_back(std::move(*question));
  }
  HONES_ASSERT(questions.size() >= 2, "scene=" + std::to_string(scene.index));
  return questions;
}

std::vector<Answer> annotate(const Question& question, SplitMix64 rng) {
  const bool all_agree = rng.uniform() < 0.35;
  std::vector<Answer> answers;
  std::size_t others = 0;
  for (int i = 0; i < 10; ++i) {
    const bool differs = !all_agree && others < 4 && rng.uniform() < 0.2;
    others += differs ? 1 : 0;
    const double sure = rng.uniform();
    answers.push_back({differs ? other_answer(question, rng) : question.answer,
                       sure < (differs ? 0.4 : 0.85) ? "yes" : (sure < 0.95 ? "maybe" : "no")});
  }
  return answers;
}

}  // namespace hones::benchmark
