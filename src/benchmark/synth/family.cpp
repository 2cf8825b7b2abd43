// Near twins: eight scenes that are equal but for one printed word, sizes, counts or a relation.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <hones/base/error.hpp>

#include "scene.hpp"

namespace hones::benchmark {

namespace {

// A scene with one word and `objects` groups of one, from the ordinary generator.
Scene base_scene(std::uint64_t seed, std::int64_t family, int attempt, std::size_t objects) {
  for (int tries = 0;; ++tries) {
    Scene scene = ordinary_scene(seed, family * kFamilySize, 1000 * (attempt + 1) + tries);
    if (objects == 0) return scene;
    if (scene.groups().size() != objects || scene.objects.size() != objects) continue;
    std::erase_if(scene.words, [first = scene.words.front().text](const auto& w) { return w.text != first; });
    return scene;
  }
}

std::vector<Scene> differ_in_word(const Scene& base, SplitMix64& rng) {
  std::set<std::string> used;
  for (const auto& word : base.words) used.insert(word.text);
  std::vector<Scene> scenes{base};
  while (scenes.size() < kFamilySize) {
    const std::string text = similar_word(rng, base.words.front().text);
    if (!used.insert(text).second) continue;
    scenes.push_back(base);
    scenes.back().words.front().text = text;
  }
  return scenes;
}

// Three objects, each small or large: eight ways. Places are found for three large ones.
std::vector<Scene> differ_in_size(Scene base, SplitMix64& rng) {
  std::vector<std::pair<double, double>> radii;
  for (auto& object : base.objects) {
    object.radius = 9.5 + rng.uniform();
    radii.emplace_back(5.5 + rng.uniform(), object.radius);
  }
  if (!place(base, rng)) return {};
  std::vector<Scene> scenes;
  for (unsigned bits = 0; bits < kFamilySize; ++bits) {
    scenes.push_back(base);
    for (std::size_t i = 0; i < base.objects.size(); ++i) {
      const bool large = (bits >> i) & 1U;
      scenes.back().objects[i].size = large ? Size::large : Size::small;
      scenes.back().objects[i].radius = large ? radii[i].second : radii[i].first;
    }
  }
  return scenes;
}

// At most four objects of two groups A and B; of the ten pairs of counts with at least one A, eight are
// drawn.
std::vector<Scene> differ_in_count(Scene base, SplitMix64& rng) {
  const Object a = base.objects[0];
  const Object b = base.objects[1];
  base.objects = {a, b, a, b};  // four places of the larger need, filled from the left
  const double radius = std::max(a.radius, b.radius);
  for (auto& object : base.objects) object.radius = radius;
  if (!place(base, rng)) return {};
  const auto places = base.objects;

  std::vector<std::pair<std::size_t, std::size_t>> counts;
  for (std::size_t n_a = 1; n_a <= 4; ++n_a) {
    for (std::size_t n_b = 0; n_a + n_b <= 4; ++n_b) counts.emplace_back(n_a, n_b);
  }
  shuffle(std::span(counts), rng);
  counts.resize(kFamilySize);

  std::vector<Scene> scenes;
  for (const auto& [n_a, n_b] : counts) {
    Scene scene = base;
    scene.objects.clear();
    for (std::size_t i = 0; i < n_a + n_b; ++i) {
      Object object = i < n_a ? a : b;
      object.x = places[i].x;
      object.y = places[i].y;
      scene.objects.push_back(object);
    }
    if (n_b == 0) scene.absent = Group{b.colour, b.shape, {}};
    scenes.push_back(scene);
  }
  return scenes;
}

// A stands above or below, left or right of B, and the word above or below both.
std::vector<Scene> differ_in_relation(Scene base, SplitMix64& rng) {
  auto& a = base.objects[0];
  auto& b = base.objects[1];
  auto& word = base.words.front();
  b.x = 36.0 + 8.0 * rng.uniform();
  b.y = 40.0;
  word.x =
      kBoxPad + 1 + static_cast<int>(rng.below(std::uint64_t(kPicture - static_cast<int>(word.width()) - 6)));
  const double across = 22.0 + 3.0 * rng.uniform();
  const double along = 13.0 + rng.uniform();
  std::vector<Scene> scenes;
  for (unsigned bits = 0; bits < kFamilySize; ++bits) {
    a.x = b.x + ((bits & 1U) ? across : -across);
    a.y = b.y + ((bits & 2U) ? along : -along);
    word.y = (bits & 4U) ? kPicture - kBoxPad - kLetterHeight : kBoxPad;
    scenes.push_back(base);
  }
  return scenes;
}

}  // namespace

std::vector<Scene> family_scenes(std::uint64_t seed, std::int64_t family, int attempt) {
  SplitMix64 rng = stream(seed, "family", family, attempt);
  const auto difference = static_cast<Difference>(rng.below(4));
  for (int tries = 0; tries < 200; ++tries) {
    const int base = attempt * 200 + tries;
    std::vector<Scene> scenes;
    switch (difference) {
      case Difference::word:
        scenes = differ_in_word(base_scene(seed, family, base, 0), rng);
        break;
      case Difference::size:
        scenes = differ_in_size(base_scene(seed, family, base, 3), rng);
        break;
      case Difference::count:
        scenes = differ_in_count(base_scene(seed, family, base, 2), rng);
        break;
      case Difference::relation:
        scenes = differ_in_relation(base_scene(seed, family, base, 2), rng);
        break;
    }
    if (scenes.empty()) continue;
    shuffle(std::span(scenes), rng);
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      scenes[i].index = family * kFamilySize + static_cast<std::int64_t>(i);
      scenes[i].family = Family{family, difference, static_cast<int>(i)};
    }
    return scenes;
  }
  throw InternalError("synth: no room found for family " + std::to_string(family));
}

}  // namespace hones::benchmark
