// The blue box (docs/benchmark.md 2.6).
#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>

#include "pixels.hpp"

namespace hones::image {

namespace {

// A few pixels of room in int arithmetic; the paint loop clips.
Pixels grown(const Pixels& pixels, int by) {
  return {pixels.x0 - by, pixels.y0 - by, pixels.x1 + by, pixels.y1 + by};
}

std::string size_of(const Image& image) {
  return std::to_string(image.width) + " x " + std::to_string(image.height);
}

}  // namespace

std::string shown(const Box& box) {
  return "[" + shortest(box[0]) + ", " + shortest(box[1]) + ", " + shortest(box[2]) + ", " +
         shortest(box[3]) + "]";
}

Pixels touched(const Image& image, const Box& box) {
  for (const double value : box) {
    if (!std::isfinite(value)) throw DataError("box " + shown(box) + " is not a box");
  }
  // Clamped while still double: coordinates of a broken annotation may not fit an int.
  const auto pixel = [](double value, int size) {
    return static_cast<int>(std::clamp(value, 0.0, double(size)));
  };
  return {pixel(std::floor(box[0]), image.width), pixel(std::floor(box[1]), image.height),
          pixel(std::ceil(box[0] + box[2]), image.width), pixel(std::ceil(box[1] + box[3]), image.height)};
}

void draw_blue_box(Image& image, const Box& box, Stroke stroke) {
  constexpr int kWidth = 3;
  const Pixels inside = touched(image, box);
  if (inside.empty()) {
    throw DataError("box " + shown(box) + " lies outside the picture of " + size_of(image));
  }
  const int beyond = stroke == Stroke::outside ? kWidth : 1;
  const Pixels outer = grown(inside, beyond), hole = grown(inside, beyond - kWidth);
  bool painted = false;
  for (int y = std::max(0, outer.y0); y < std::min(image.height, outer.y1); ++y) {
    for (int x = std::max(0, outer.x0); x < std::min(image.width, outer.x1); ++x) {
      if (hole.holds(x, y)) continue;
      std::uint8_t* pixel = at(image, x, y);
      pixel[0] = 0;
      pixel[1] = 0;
      pixel[2] = 255;
      painted = true;
    }
  }
  if (!painted) {
    throw DataError("box " + shown(box) + " fills the picture of " + size_of(image) +
                    ": no room for a stroke outside it; draw it centred");
  }
}

Stroke stroke_from(const std::string& name) {
  if (name == "centred") return Stroke::centred;
  if (name == "outside") return Stroke::outside;
  throw UsageError("stroke '" + name + "' is not known: expected centred or outside");
}

}  // namespace hones::image
