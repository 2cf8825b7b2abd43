#include "scene.hpp"

#include <algorithm>
#include <string>

#include <hones/base/error.hpp>

namespace hones::benchmark {

namespace {

constexpr std::array<std::string_view, kShapes> kShapeNames{"circle", "square", "triangle",
                                                            "star",   "heart",  "diamond"};
constexpr std::array<std::string_view, kColours> kColourNames{"red",  "orange", "yellow", "green",
                                                              "blue", "purple", "pink",   "black"};

Colour draw_colour(SplitMix64& rng) {
  return static_cast<Colour>(rng.below(kColours));
}
Shape draw_shape(SplitMix64& rng) {
  return static_cast<Shape>(rng.below(kShapes));
}
Size draw_size(SplitMix64& rng) {
  return static_cast<Size>(rng.below(2));
}

double draw_radius(SplitMix64& rng, Size size) {
  return (size == Size::large ? 9.5 : 5.5) + rng.uniform();
}

bool overlap(const Box& a, const Box& b, double gap) {
  return a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap;
}

bool free_of(const std::vector<Box>& taken, const Box& box, double gap) {
  return std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return overlap(other, box, gap); });
}

bool place_word(PrintedWord& word, std::vector<Box>& taken, SplitMix64& rng) {
  // One pixel more than the box on every side: the OCR prompt's stroke reaches that far.
  const int margin = kBoxPad + 1;
  const int room_x = kPicture - static_cast<int>(word.width() + 0.99) - 2 * margin;
  const int room_y = kPicture - static_cast<int>(word.cell_height() + 0.99) - 2 * margin;
  for (int tries = 0; tries < 60; ++tries) {
    word.x = margin + static_cast<int>(rng.below(static_cast<std::uint64_t>(room_x) + 1));
    word.y = margin + static_cast<int>(rng.below(static_cast<std::uint64_t>(room_y) + 1));
    if (free_of(taken, word.box(), 2.0)) {
      taken.push_back(word.box());
      return true;
    }
  }
  return false;
}

bool place_object(Object& object, std::vector<Box>& taken, SplitMix64& rng) {
  const double room = kPicture - 2 * (object.radius + 1);
  for (int tries = 0; tries < 60; ++tries) {
    object.x = object.radius + 1 + room * rng.uniform();
    object.y = object.radius + 1 + room * rng.uniform();
    if (free_of(taken, object.box(), 1.5)) {
      taken.push_back(object.box());
      return true;
    }
  }
  return false;
}

// Splits n objects into groups of equal colour and shape: mostly ones, sometimes two or more alike.
std::vector<int> draw_groups(SplitMix64& rng, int n) {
  std::vector<int> sizes;
  while (n > 0) {
    int size = 1;
    while (size < n && rng.uniform() < 0.25) ++size;
    sizes.push_back(size);
    n -= size;
  }
  return sizes;
}

void add_group(Scene& scene, SplitMix64& rng, int count) {
  Colour colour{};
  Shape shape{};
  do {
    colour = draw_colour(rng);
    shape = draw_shape(rng);
  } while (std::any_of(scene.objects.begin(), scene.objects.end(),
                       [&](const Object& o) { return o.colour == colour && o.shape == shape; }));
  const Size size = draw_size(rng);
  for (int i = 0; i < count; ++i) {
    scene.objects.push_back({shape, colour, size, 0, 0, draw_radius(rng, size)});
  }
}

void add_words(Scene& scene, SplitMix64& rng, int count) {
  for (int i = 0; i < count; ++i) {
    std::string text;
    do {
      text = draw_word(rng, 3 + rng.below(3), 0.3);
    } while (
        std::any_of(scene.words.begin(), scene.words.end(), [&](const auto& w) { return w.text == text; }));
    scene.words.push_back({text, 0, 0, true});
  }
}

void add_illegible(Scene& scene, SplitMix64& rng) {
  scene.words.push_back({draw_word(rng, 4 + rng.below(3), 1.0), 0, 0, false});
}

void draw_ground(Scene& scene, SplitMix64& rng) {
  const auto base = static_cast<std::uint8_t>(222 + rng.below(24));
  for (auto& channel : scene.background) channel = static_cast<std::uint8_t>(base + rng.below(10));
  scene.ink = static_cast<std::uint8_t>(rng.below(50));
}

}  // namespace

std::string_view name(Shape shape) {
  return kShapeNames[static_cast<std::size_t>(shape)];
}
std::string_view name(Colour colour) {
  return kColourNames[static_cast<std::size_t>(colour)];
}
std::string_view name(Size size) {
  return size == Size::large ? "large" : "small";
}
std::string_view name(Difference difference) {
  constexpr std::array<std::string_view, 4> names{"word", "size", "count", "relation"};
  return names[static_cast<std::size_t>(difference)];
}

std::size_t Scene::legible_words() const {
  return static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [](const auto& w) { return w.legible; }));
}

std::vector<Group> Scene::groups() const {
  std::vector<Group> result;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Object& o = objects[i];
    auto found = std::find_if(result.begin(), result.end(),
                              [&](const Group& g) { return g.colour == o.colour && g.shape == o.shape; });
    if (found == result.end()) found = result.insert(result.end(), Group{o.colour, o.shape, {}});
    found->members.push_back(i);
  }
  if (absent) result.push_back(*absent);
  return result;
}

SplitMix64 stream(std::uint64_t seed, std::string_view purpose, std::int64_t index, std::int64_t attempt) {
  return SplitMix64(key(seed, purpose, std::to_string(index) + "|" + std::to_string(attempt)));
}

std::string draw_word(SplitMix64& rng, std::size_t letters, double random) {
  std::string text;
  if (rng.uniform() < random) {
    for (std::size_t i = 0; i < letters; ++i) text += static_cast<char>('A' + rng.below(26));
    return text;
  }
  do {
    text = word_list()[rng.below(word_list().size())];
  } while (letters <= 5 && text.size() != letters);
  return text;
}

std::string similar_word(SplitMix64& rng, const std::string& word) {
  std::string text = word;
  while (text == word) {
    if (rng.below(2) == 0) {
      text[rng.below(text.size())] = static_cast<char>('A' + rng.below(26));
    } else {
      text = draw_word(rng, word.size(), 0.0);
    }
  }
  return text;
}

bool place(Scene& scene, SplitMix64& rng) {
  for (int tries = 0; tries < 30; ++tries) {
    std::vector<Box> taken;
    bool fits = true;
    for (auto& word : scene.words) fits = fits && place_word(word, taken, rng);
    for (auto& object : scene.objects) fits = fits && place_object(object, taken, rng);
    if (fits) return true;
  }
  return false;
}

Scene ordinary_scene(std::uint64_t seed, std::int64_t index, int attempt) {
  SplitMix64 rng = stream(seed, "scene", index, attempt);
  for (int tries = 0; tries < 1000; ++tries) {
    Scene scene;
    scene.index = index;
    draw_ground(scene, rng);
    for (const int count : draw_groups(rng, 1 + static_cast<int>(rng.below(4)))) add_group(scene, rng, count);
    const double many = rng.uniform();
    add_words(scene, rng, many < 0.5 ? 1 : (many < 0.85 ? 2 : 3));
    if (rng.uniform() < 0.25) add_illegible(scene, rng);
    if (place(scene, rng)) return scene;
  }
  throw InternalError("synth: no room found for scene " + std::to_string(index));
}

}  // namespace hones::benchmark
