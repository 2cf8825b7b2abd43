#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <utility>

#include "language.hpp"

namespace hones::benchmark {

namespace {

constexpr std::array<std::string_view, 5> kNumbers{"no", "one", "two", "three", "four"};

std::string plural(Shape shape) {
  return std::string(name(shape)) + "s";
}

std::string_view article(std::string_view next) {
  return std::string_view("aeiou").find(next.front()) == std::string_view::npos ? "a" : "an";
}

// Everything that is drawn by lot for one sentence, drawn up front: the same plan about a slightly changed
// scene gives the same sentence but for the change.
struct Plan {
  std::uint64_t pattern, order, word;
  std::array<bool, 4> sized;
  bool horizontal;
  bool fewer;
  explicit Plan(SplitMix64& rng) : pattern(rng.next()), order(rng.next()), word(rng.next()) {
    for (auto& bit : sized) bit = rng.below(2) == 0;
    horizontal = rng.below(2) == 0;
    fewer = rng.below(2) == 0;
  }
};

class Sentence {
 public:
  Sentence(const Scene& scene, const Plan& plan, int detail)
      : scene_(scene), plan_(plan), all_(scene.groups()) {
    counted_ = scene.family && scene.family->difference == Difference::count;
    sized_ = detail >= 2 || (scene.family && scene.family->difference == Difference::size);
    const bool whole = detail >= 1 || counted_ || sized_;
    SplitMix64 order(plan.order);
    std::vector<std::size_t> indices(all_.size());
    for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
    shuffle(std::span(indices), order);
    if (!whole && plan.fewer && indices.size() > 2) indices.resize(2);
    mentioned_ = std::move(indices);
    // "No red circles" is no good beginning.
    std::stable_partition(mentioned_.begin(), mentioned_.end(),
                          [&](std::size_t i) { return !all_[i].members.empty(); });
    const auto legible = scene.legible_words();
    const bool first = scene.family.has_value();
    word_ = first ? 0 : plan.word % legible;
    second_word_ = legible > 1 ? std::optional((word_ + 1) % legible) : std::nullopt;
  }

  bool fits = true;

  std::size_t size() const { return mentioned_.size(); }
  std::size_t objects() const { return scene_.objects.size(); }
  const Group& group(std::size_t i) const { return all_[mentioned_[i]]; }
  bool single(std::size_t i) const { return group(i).members.size() == 1; }

  Sentence& say(std::string_view text) {
    text_ += text;
    return *this;
  }
  Sentence& word() { return print(word_); }
  Sentence& other_word() { return print(*second_word_); }
  bool two_words() const { return second_word_.has_value(); }

  // A noun phrase for the i-th group mentioned: "a large red star", "two red stars".
  Sentence& noun(std::size_t i, bool definite = false) {
    const Group& g = group(i);
    const auto n = g.members.size();
    const Spec s = spec(i);
    std::string words;
    if (s.size) words += std::string(name(*s.size)) + " ";
    words += std::string(name(g.colour)) + " ";
    if (n == 1 && !counted_) {
      const std::string rest = words + std::string(name(g.shape));
      text_ += (definite ? "the " : std::string(article(rest)) + " ") + rest;
      meaning_.push_back(exists(s));
    } else {
      text_ +=
          std::string(kNumbers[n]) + " " + words + (n == 1 ? std::string(name(g.shape)) : plural(g.shape));
      meaning_.push_back(exactly(static_cast<int>(n), s));
    }
    return *this;
  }

  Sentence& list(std::size_t from = 0) {
    for (std::size_t i = from; i < size(); ++i) {
      if (i > from) say(i + 1 == size() ? " and " : ", ");
      noun(i);
    }
    return *this;
  }

  // The relation of group i to group j, or of a word to group i, if both are one thing each.
  Sentence& relation(std::size_t i, std::size_t j) {
    if (!single(i) || !single(j)) return fail();
    const Object& a = scene_.objects[group(i).members[0]];
    const Object& b = scene_.objects[group(j).members[0]];
    return choose(a.x, a.y, b.x, b.y, spec(i), spec(j));
  }
  Sentence& word_relation(std::size_t i, bool inverse = false) {
    if (!single(i)) return fail();
    const Object& a = scene_.objects[group(i).members[0]];
    const PrintedWord& w = scene_.words[word_];
    if (inverse) return choose(a.x, a.y, w.centre_x(), w.centre_y(), spec(i), word_spec(word_));
    return choose(w.centre_x(), w.centre_y(), a.x, a.y, word_spec(word_), spec(i));
  }
  // The vertical relation of the word to everything mentioned.
  Sentence& word_to_all() {
    const PrintedWord& w = scene_.words[word_];
    const double sign = w.centre_y() < scene_.objects[0].y ? -1.0 : 1.0;
    const Relation relation = sign < 0 ? Relation::above : Relation::below;
    for (std::size_t i = 0; i < size(); ++i) {
      for (const auto member : group(i).members) {
        if ((w.centre_y() - scene_.objects[member].y) * sign < kClearDistance) return fail();
      }
      if (!group(i).members.empty()) meaning_.push_back(related(word_spec(word_), relation, spec(i)));
    }
    return say(phrase(relation));
  }
  // "above and left of" between the first two groups, in families that differ in it.
  Sentence& both_relations(std::size_t i, std::size_t j, bool vertical_first) {
    const Object& a = scene_.objects[group(i).members[0]];
    const Object& b = scene_.objects[group(j).members[0]];
    auto relations = clear_relations(a.x, a.y, b.x, b.y);
    if (relations.size() != 2) return fail();
    for (const auto r : relations) meaning_.push_back(related(spec(i), r, spec(j)));
    if (!vertical_first) std::swap(relations[0], relations[1]);
    return say(phrase(relations[0])).say(" and ").say(phrase(relations[1]));
  }

  Sentence& total() {
    const auto n = scene_.objects.size();
    meaning_.push_back(exactly(static_cast<int>(n), Spec{}));
    return say(kNumbers[n]);
  }
  std::string_view they() const { return size() == 1 && single(0) ? "it" : "them"; }
  bool plural_start() const { return group(0).members.size() != 1; }

  Sentence& fail() {
    fits = false;
    return *this;
  }

  SceneCaption finish(int pattern) && {
    text_ += ".";
    text_[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text_[0])));
    return {std::move(text_), std::move(meaning_), pattern};
  }

 private:
  Sentence& print(std::size_t index) {
    text_ += scene_.words[index].text;
    meaning_.push_back(exists(word_spec(index)));
    return *this;
  }
  Spec word_spec(std::size_t index) const {
    Spec s;
    s.word = scene_.words[index].text;
    return s;
  }
  Spec spec(std::size_t i) const {
    const Group& g = group(i);
    Spec s;
    s.colour = g.colour;
    s.shape = g.shape;
    if (!counted_ && g.members.size() == 1 && (sized_ || plan_.sized[mentioned_[i] % 4])) {
      s.size = scene_.objects[g.members[0]].size;
    }
    return s;
  }
  Sentence& choose(double ax, double ay, double bx, double by, Spec a, Spec b) {
    const auto relations = clear_relations(ax, ay, bx, by);
    if (relations.empty()) return fail();
    const Relation r = plan_.horizontal ? relations.back() : relations.front();
    meaning_.push_back(related(std::move(a), r, std::move(b)));
    return say(phrase(r));
  }

  const Scene& scene_;
  const Plan& plan_;
  std::vector<Group> all_;
  std::vector<std::size_t> mentioned_;
  bool counted_ = false, sized_ = false;
  std::size_t word_ = 0;
  std::optional<std::size_t> second_word_;
  std::string text_;
  Meaning meaning_;
};

using Pattern = std::function<void(Sentence&)>;

void and_rest(Sentence& s, std::size_t from, std::string_view before) {
  if (s.size() > from) s.say(before).list(from);
}

// Patterns that list what is mentioned and name a word: these can name any difference but a relation.
const std::vector<Pattern>& listing_patterns() {
  static const std::vector<Pattern> patterns{
      [](Sentence& s) { s.list().say(" with the word ").word(); },
      [](Sentence& s) { s.say("a picture of ").list().say(" and the word ").word(); },
      [](Sentence& s) {
        s.say(s.plural_start() ? "there are " : "there is ").list().say(" and it says ").word();
      },
      [](Sentence& s) { s.say("an image that says ").word().say(" with ").list(); },
      [](Sentence& s) { s.say("we can see ").list().say(" and read ").word(); },
      [](Sentence& s) { s.say("someone drew ").list().say(" and wrote ").word(); },
      [](Sentence& s) { s.say("the text ").word().say(" is next to ").list(); },
      [](Sentence& s) { s.list().say(", and ").word().say(" is ").word_to_all().say(" ").say(s.they()); },
      [](Sentence& s) { s.say("the sign ").word().say(" appears with ").list(); },
      [](Sentence& s) { s.say("this shows ").word().say(" printed by ").list(); },
  };
  return patterns;
}

const std::vector<Pattern>& free_patterns() {
  static const std::vector<Pattern> patterns{
      [](Sentence& s) {
        s.say("the word ").word().say(" is printed ").word_relation(0).say(" ").noun(0);
        and_rest(s, 1, " near ");
      },
      [](Sentence& s) {
        if (s.size() < 2) return void(s.fail());
        s.noun(0).say(" ").relation(0, 1).say(" ").noun(1);
        and_rest(s, 2, ", with ");
        s.say(" and the text ").word();
      },
      [](Sentence& s) {
        s.word().say(" is written ").word_relation(0).say(" ").noun(0);
        if (s.size() > 1) s.say(" and ").word_relation(1).say(" ").noun(1);
        and_rest(s, 2, " by ");
      },
      [](Sentence& s) {
        s.total().say(" shapes and the word ").word().say(", one is ").noun(0);
        if (!s.single(0) || s.objects() < 2) s.fail();
        and_rest(s, 1, ", also ");
      },
      [](Sentence& s) {
        if (!s.two_words()) return void(s.fail());
        s.say("the words ").word().say(" and ").other_word().say(" appear with ").list();
      },
      [](Sentence& s) {
        s.noun(0).say(" is ").word_relation(0, true).say(" the word ").word();
        if (s.size() > 1) s.say(" and ").relation(0, 1).say(" ").noun(1);
        and_rest(s, 2, ", with ");
      },
      [](Sentence& s) {
        if (s.size() < 2) return void(s.fail());
        s.noun(0, true).say(" is ").relation(0, 1).say(" ").noun(1, true);
        and_rest(s, 2, ", near ");
      },
      [](Sentence& s) {
        if (s.size() < 2) return void(s.fail());
        s.say("you can find ").noun(0).say(" ").relation(0, 1).say(" ").noun(1);
        and_rest(s, 2, " and ");
      },
      [](Sentence& s) {
        if (!s.two_words()) return void(s.fail());
        s.word().say(" and ").other_word().say(" are the words beside ").list();
      },
  };
  return patterns;
}

const std::vector<Pattern>& relation_patterns() {
  static const std::vector<Pattern> patterns{
      [](Sentence& s) {
        s.noun(0, true).say(" is ").both_relations(0, 1, true).say(" ").noun(1, true);
        s.say(" with ").word().say(" ").word_to_all().say(" them");
      },
      [](Sentence& s) {
        s.word().say(" is ").word_to_all().say(" ").noun(0).say(" that is ");
        s.both_relations(0, 1, false).say(" ").noun(1);
      },
      [](Sentence& s) {
        s.noun(0).say(" ").both_relations(0, 1, true).say(" ").noun(1);
        s.say(", and the word ").word().say(" ").word_to_all().say(" both");
      },
      [](Sentence& s) {
        s.say("we see ").noun(0).say(" ").both_relations(0, 1, false).say(" ").noun(1);
        s.say(" and read ").word().say(" ").word_to_all().say(" them");
      },
      [](Sentence& s) {
        s.say("the text ").word().say(" is ").word_to_all().say(" both, ").noun(0).say(" is ");
        s.both_relations(0, 1, true).say(" ").noun(1);
      },
      [](Sentence& s) {
        s.word_to_all().say(" both is ").word().say(", ").noun(0).say(" is ");
        s.both_relations(0, 1, true).say(" ").noun(1);
      },
  };
  return patterns;
}

}  // namespace

int token_cost(const std::string& caption) {
  int cost = 0;
  for (std::size_t i = 0; i < caption.size();) {
    const auto c = static_cast<unsigned char>(caption[i]);
    std::size_t end = i + 1;
    if (std::isalpha(c)) {
      while (end < caption.size() && std::isalpha(static_cast<unsigned char>(caption[end]))) ++end;
      const bool printed = end - i > 1 && std::isupper(static_cast<unsigned char>(caption[i + 1]));
      cost += printed ? static_cast<int>(end - i) : 1;
    } else if (c != ' ') {
      ++cost;
    }
    i = end;
  }
  return cost;
}

std::optional<SceneCaption> describe(const Scene& scene, SplitMix64 rng, int detail) {
  const Plan plan(rng);
  const auto& listing = listing_patterns();
  const auto& free = free_patterns();
  Sentence sentence(scene, plan, detail);
  int pattern = 0;
  if (scene.family && scene.family->difference == Difference::relation) {
    // A foil may have made the two alike: then there is one group, and nothing to relate.
    if (sentence.size() < 2) return std::nullopt;
    const auto& patterns = relation_patterns();
    pattern = static_cast<int>(plan.pattern % patterns.size());
    patterns[static_cast<std::size_t>(pattern)](sentence);
    pattern += static_cast<int>(listing.size() + free.size());
  } else {
    const std::size_t choices = listing.size() + (scene.family ? 0 : free.size());
    const std::size_t chosen = plan.pattern % choices;
    chosen < listing.size() ? listing[chosen](sentence) : free[chosen - listing.size()](sentence);
    pattern = static_cast<int>(chosen);
  }
  if (!sentence.fits) return std::nullopt;
  SceneCaption caption = std::move(sentence).finish(pattern);
  if (token_cost(caption.text) > kCaptionTokens) return std::nullopt;
  return caption;
}

}  // namespace hones::benchmark
