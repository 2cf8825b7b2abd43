// What is in a picture. Everything else (pixels, captions, questions, annotations) is derived from a Scene.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hones/base/rng.hpp>

namespace hones::benchmark {

inline constexpr int kPicture = 80;     // pixels a side
inline constexpr int kLetterWidth = 8;  // advance of the fixed-pitch font
inline constexpr int kLetterHeight = 10;
// A word's annotated box stands this far around its letters, so that the 3 px box of the OCR prompt, which
// paints 2 px inwards, covers none of them.
inline constexpr int kBoxPad = 2;
// Two things closer than this along an axis are neither "above" nor "left of" one another in anything we
// write.
inline constexpr double kClearDistance = 10.0;

enum class Shape : std::uint8_t { circle, square, triangle, star, heart, diamond };
enum class Colour : std::uint8_t { red, orange, yellow, green, blue, purple, pink, black };
enum class Size : std::uint8_t { small, large };
enum class Difference : std::uint8_t { word, size, count, relation };

inline constexpr std::size_t kShapes = 6;
inline constexpr std::size_t kColours = 8;

std::string_view name(Shape shape);
std::string_view name(Colour colour);
std::string_view name(Size size);
std::string_view name(Difference difference);

struct Box {
  double x, y, w, h;
};

struct Object {
  Shape shape;
  Colour colour;
  Size size;
  double x, y, radius;  // centre, half the side of its square
  Box box() const { return {x - radius, y - radius, 2 * radius, 2 * radius}; }
};

struct PrintedWord {
  std::string text;
  int x, y;  // upper left corner of the first letter's cell
  bool legible;
  double cell_width() const { return legible ? kLetterWidth : 3.5; }
  double cell_height() const { return legible ? kLetterHeight : 4.5; }
  double width() const { return cell_width() * static_cast<double>(text.size()); }
  double centre_x() const { return x + width() / 2; }
  double centre_y() const { return y + cell_height() / 2.0; }
  Box box() const {
    return {double(x - kBoxPad), double(y - kBoxPad), width() + 2 * kBoxPad, cell_height() + 2 * kBoxPad};
  }
};

struct Family {
  std::int64_t id;
  Difference difference;
  int member;  // 0..7
};

// Objects of one colour and shape: what a noun phrase names.
struct Group {
  Colour colour;
  Shape shape;
  std::vector<std::size_t>
      members;  // indices into Scene::objects; empty: named only to say that there is none
};

struct Scene {
  std::int64_t index = 0;
  std::array<std::uint8_t, 3> background{};
  std::uint8_t ink = 0;  // grey level of the print
  std::vector<Object> objects;
  std::vector<PrintedWord> words;  // the legible ones first
  std::optional<Family> family;
  std::optional<Group> absent;  // families that differ in a count: the group of which this member has none

  std::size_t legible_words() const;
  std::vector<Group> groups() const;  // in order of first appearance, `absent` last
};

inline constexpr std::int64_t kFamilySize = 8;

// Draws the scene at `index`, or its whole family: a function of seed, index and attempt alone, so that a
// larger set begins with the scenes of a smaller one.
Scene ordinary_scene(std::uint64_t seed, std::int64_t index, int attempt);
std::vector<Scene> family_scenes(std::uint64_t seed, std::int64_t family, int attempt);

// A stream of random decisions of its own for each purpose and item.
SplitMix64 stream(std::uint64_t seed, std::string_view purpose, std::int64_t index, std::int64_t attempt);

// A word of `letters` letters from the list, or (share `random`) a string of random capitals.
std::string draw_word(SplitMix64& rng, std::size_t letters, double random);
// Another word of the same length that looks like it: one letter changed, or any word of the list.
std::string similar_word(SplitMix64& rng, const std::string& word);

// Gives objects and words places where nothing overlaps; false when it finds none.
bool place(Scene& scene, SplitMix64& rng);

const std::vector<std::string>& word_list();

}  // namespace hones::benchmark
