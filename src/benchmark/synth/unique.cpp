#include "unique.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include <hones/base/error.hpp>

namespace hones::benchmark {

namespace {

constexpr int kCollisionsBeforeRedraw = 12;
constexpr int kRounds = 500;

// Which scenes hold a word, or an object of a colour and shape: a caption is tested on the shortest such list
// only.
class Index {
 public:
  explicit Index(const std::vector<Described>& set) : set_(set) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (const auto& word : set[i].scene.words) {
        if (word.legible) words_[word.text].push_back(i);
      }
      for (const auto& group : set[i].scene.groups()) {
        if (!group.members.empty()) objects_[slot(group.colour, group.shape)].push_back(i);
      }
    }
  }

  bool true_elsewhere(const Meaning& meaning, std::size_t self) const {
    const std::vector<std::size_t>* shortest = nullptr;
    const auto consider = [&](const std::vector<std::size_t>& list) {
      if (shortest == nullptr || list.size() < shortest->size()) shortest = &list;
    };
    for (const auto& claim : meaning) {
      if (claim.kind == Claim::Kind::exactly && claim.count == 0) continue;
      if (!claim.subject.word.empty()) {
        const auto found = words_.find(claim.subject.word);
        if (found != words_.end()) consider(found->second);
      } else if (claim.subject.colour && claim.subject.shape) {
        consider(objects_[slot(*claim.subject.colour, *claim.subject.shape)]);
      }
    }
    HONES_ASSERT(shortest != nullptr, "a caption that names nothing");
    return std::any_of(shortest->begin(), shortest->end(),
                       [&](std::size_t i) { return i != self && holds(meaning, set_[i].scene); });
  }

 private:
  static std::size_t slot(Colour colour, Shape shape) {
    return static_cast<std::size_t>(colour) * kShapes + static_cast<std::size_t>(shape);
  }
  const std::vector<Described>& set_;
  std::unordered_map<std::string, std::vector<std::size_t>> words_;
  std::array<std::vector<std::size_t>, kColours * kShapes> objects_;
};

bool draw_caption(Described& d, std::size_t j, std::uint64_t seed) {
  constexpr std::int64_t kTries = 200;
  auto& draw = d.draws[j];
  for (std::int64_t tries = 0; tries < kTries; ++tries) {
    const std::int64_t number =
        ((d.attempt * std::int64_t{100} + draw.collisions) * kCaptions + std::int64_t(j)) * kTries + tries;
    draw.plan = stream(seed, "caption", d.scene.index, number);
    draw.detail = std::max(0, std::min(draw.collisions, 2) - static_cast<int>(tries / 60));
    auto caption = describe(d.scene, draw.plan, draw.detail);
    if (!caption) continue;
    const bool said = std::any_of(d.captions.begin(), d.captions.end(), [&](const SceneCaption& other) {
      return &other != &d.captions[j] && other.text == caption->text;
    });
    if (said) continue;
    d.captions[j] = std::move(*caption);
    return true;
  }
  return false;
}

bool draw_five(Described& d, std::uint64_t seed) {
  d.captions = {};
  for (std::size_t j = 0; j < kCaptions; ++j) {
    if (!draw_caption(d, j, seed)) return false;
  }
  return true;
}

// The scene again, with its whole family if it has one; returns how many were redrawn.
std::int64_t redraw(std::vector<Described>& set, std::size_t i, std::uint64_t seed) {
  const auto family = set[i].scene.family;
  const std::size_t begin = family ? static_cast<std::size_t>(family->id * kFamilySize) : i;
  const std::size_t end = family ? begin + kFamilySize : i + 1;
  for (int attempt = set[begin].attempt + 1;; ++attempt) {
    std::vector<Scene> scenes;
    if (family) {
      scenes = family_scenes(seed, family->id, attempt);
    } else {
      scenes.push_back(ordinary_scene(seed, set[i].scene.index, attempt));
    }
    bool described = true;
    for (std::size_t k = begin; k < end && described; ++k) {
      set[k] = Described{};
      set[k].scene = scenes[k - begin];
      set[k].attempt = attempt;
      described = draw_five(set[k], seed);
    }
    if (described) return static_cast<std::int64_t>(end - begin);
  }
}

}  // namespace

std::vector<Described> draw_scenes(std::uint64_t seed, std::int64_t images, double near_twins) {
  std::vector<Described> set;
  set.reserve(static_cast<std::size_t>(images));
  while (static_cast<std::int64_t>(set.size()) < images) {
    const auto index = static_cast<std::int64_t>(set.size());
    const std::int64_t block = index / kFamilySize;
    const bool starts = index % kFamilySize == 0 && index + kFamilySize <= images;
    // Families are spread evenly over the blocks: the share is kept exactly, and a longer set begins like a
    // shorter one.
    const auto families_before = [&](std::int64_t blocks) {
      return std::floor(static_cast<double>(blocks) * near_twins);
    };
    if (starts && families_before(block + 1) > families_before(block)) {
      for (auto& scene : family_scenes(seed, block, 0)) set.emplace_back().scene = std::move(scene);
    } else {
      set.emplace_back().scene = ordinary_scene(seed, index, 0);
    }
  }
  return set;
}

void draw_captions(std::vector<Described>& set, std::uint64_t seed) {
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (!draw_five(set[i], seed)) redraw(set, i, seed);
  }
}

Redrawn make_unique(std::vector<Described>& set, std::uint64_t seed) {
  Redrawn redrawn;
  for (int round = 0; round < kRounds; ++round) {
    const Index index(set);
    std::vector<std::size_t> hopeless;
    bool clean = true;
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (std::size_t j = 0; j < kCaptions; ++j) {
        auto& draw = set[i].draws[j];
        bool drawn = true;
        while (drawn && draw.collisions < kCollisionsBeforeRedraw &&
               index.true_elsewhere(set[i].captions[j].meaning, i)) {
          ++draw.collisions;
          ++redrawn.captions;
          drawn = draw_caption(set[i], j, seed);
        }
        if (!drawn || draw.collisions >= kCollisionsBeforeRedraw) {
          hopeless.push_back(i);
          break;
        }
      }
    }
    for (const std::size_t i : hopeless) {  // after the round: a new scene would make the index stale
      redrawn.scenes += redraw(set, i, seed);
      clean = false;
    }
    if (clean) return redrawn;
  }
  throw DataError("synth: after " + std::to_string(kRounds) +
                  " rounds some captions are still true of other scenes. Try another seed or fewer images.");
}

std::int64_t count_true_elsewhere(const std::vector<Described>& set) {
  const Index index(set);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    for (const auto& caption : set[i].captions) count += index.true_elsewhere(caption.meaning, i) ? 1 : 0;
  }
  return count;
}

std::vector<Foil> draw_foils(const Described& d, std::uint64_t seed) {
  SplitMix64 rng = stream(seed, "foil", d.scene.index, d.attempt);
  std::vector<Foil> foils;
  for (int j = 0; j < kCaptions; ++j) {
    const auto& draw = d.draws[static_cast<std::size_t>(j)];
    for (int k = 0; k < 2; ++k) {
      auto foil = make_foil(d.scene, d.captions[static_cast<std::size_t>(j)], draw.plan, draw.detail, rng);
      if (!foil) continue;
      foil->caption = j;
      foils.push_back(std::move(*foil));
    }
  }
  return foils;
}

}  // namespace hones::benchmark
