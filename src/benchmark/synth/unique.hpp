// A set of scenes whose captions are false of every other scene.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "language.hpp"

namespace hones::benchmark {

// A scene with everything said about it, and how often it had to be drawn.
struct Described {
  Scene scene;
  int attempt = 0;
  struct Draw {
    SplitMix64 plan{0};
    int detail = 0;
    int collisions = 0;  // earlier captions that were true elsewhere; each makes the next one more detailed
  };
  std::array<Draw, kCaptions> draws;
  std::array<SceneCaption, kCaptions> captions;
};

// The scenes without captions. Which blocks of eight are families depends on the seed alone.
std::vector<Described> draw_scenes(std::uint64_t seed, std::int64_t images, double near_twins);

// Draws the captions; a scene that no five different captions fit is drawn again.
void draw_captions(std::vector<Described>& set, std::uint64_t seed);

struct Redrawn {
  std::int64_t captions = 0;
  std::int64_t scenes = 0;
};

// Draws captions again, and scenes where that does not help, until no caption is true of another scene.
// DataError when it does not come to an end.
Redrawn make_unique(std::vector<Described>& set, std::uint64_t seed);

// How many captions are true of some other scene of the set.
std::int64_t count_true_elsewhere(const std::vector<Described>& set);

// Up to two false captions from each true one.
std::vector<Foil> draw_foils(const Described& described, std::uint64_t seed);

}  // namespace hones::benchmark
