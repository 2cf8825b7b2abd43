// False captions: the true sentence about a scene in which one thing is changed.
#include <algorithm>

#include "language.hpp"

namespace hones::benchmark {

namespace {

template <typename Enum>
void change(Enum& value, std::uint64_t values, SplitMix64& rng) {
  value = static_cast<Enum>((static_cast<std::uint64_t>(value) + 1 + rng.below(values - 1)) % values);
}

// Mirrors the picture, so that what was above is below, or what was left is right.
void mirror(Scene& scene, bool vertical) {
  for (auto& object : scene.objects)
    (vertical ? object.y : object.x) = kPicture - (vertical ? object.y : object.x);
  for (auto& word : scene.words) {
    if (vertical) {
      word.y = static_cast<int>(kPicture - word.y - word.cell_height());
    } else {
      word.x = static_cast<int>(kPicture - word.x - word.width());
    }
  }
}

void change_count(Scene& scene, const Group& group, SplitMix64& rng) {
  const bool more = group.members.size() == 1 || (group.members.size() < 4 && rng.below(2) == 0);
  const auto last = scene.objects.begin() + static_cast<std::ptrdiff_t>(group.members.back());
  if (more) {
    const Object copy = *last;
    scene.objects.insert(last, copy);
  } else {
    scene.objects.erase(last);
  }
}

std::string change_something(Scene& scene, SplitMix64& rng) {
  const auto groups = scene.groups();
  const Group group = groups[rng.below(groups.size())];
  const auto kind =
      rng.below(10);  // words can always be changed, the others often are not mentioned: tried more often
  if (kind == 0) {
    auto& word = scene.words[rng.below(scene.legible_words())];
    word.text = similar_word(rng, word.text);
    return "word";
  }
  if (kind <= 3 || group.members.empty()) {
    mirror(scene, rng.below(2) == 0);
    return "relation";
  }
  if (kind == 4 && scene.objects.size() < 4) {
    change_count(scene, group, rng);
    return "count";
  }
  Object changed = scene.objects[group.members.front()];
  std::string what;
  if (kind == 5) {
    change(changed.colour, kColours, rng);
    what = "colour";
  } else if (kind == 6) {
    change(changed.shape, kShapes, rng);
    what = "shape";
  } else {
    change(changed.size, 2, rng);
    what = "size";
  }
  for (const auto member : group.members) {
    scene.objects[member].colour = changed.colour;
    scene.objects[member].shape = changed.shape;
    scene.objects[member].size = changed.size;
  }
  return what;
}

}  // namespace

std::optional<Foil> make_foil(const Scene& scene, const SceneCaption& caption, SplitMix64 plan, int detail,
                              SplitMix64& rng) {
  for (int tries = 0; tries < 12; ++tries) {
    Scene changed = scene;
    std::string what = change_something(changed, rng);
    const auto foil = describe(changed, plan, detail);
    if (!foil || foil->text == caption.text || holds(foil->meaning, scene)) continue;
    return Foil{foil->text, std::move(what), 0};
  }
  return std::nullopt;
}

}  // namespace hones::benchmark
