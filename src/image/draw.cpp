// Boxes on pictures (docs/benchmark.md 2.6 and 2.7).
#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/image/image.hpp>

namespace hones::image {

namespace {

// Pixels [x0, x1) x [y0, y1) that a box touches inside the picture; x1 <= x0 or y1 <= y0: none.
struct Pixels {
  int x0, y0, x1, y1;
  bool empty() const { return x1 <= x0 || y1 <= y0; }
};

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

std::uint8_t* at(Image& image, int x, int y) {
  return image.rgb.data() +
         (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)) *
             3;
}

}  // namespace

void draw_blue_box(Image& image, const Box& box) {
  const Pixels inside = touched(image, box);
  if (inside.empty()) {
    throw DataError("box " + shown(box) + " lies outside the picture of " + std::to_string(image.width) +
                    " x " + std::to_string(image.height));
  }
  // 3 pixels wide, centred on the edge: one outside, two inside.
  const Pixels outer{std::max(0, inside.x0 - 1), std::max(0, inside.y0 - 1),
                     std::min(image.width, inside.x1 + 1), std::min(image.height, inside.y1 + 1)};
  const Pixels hole{inside.x0 + 2, inside.y0 + 2, inside.x1 - 2, inside.y1 - 2};
  for (int y = outer.y0; y < outer.y1; ++y) {
    for (int x = outer.x0; x < outer.x1; ++x) {
      if (x >= hole.x0 && x < hole.x1 && y >= hole.y0 && y < hole.y1) continue;
      std::uint8_t* pixel = at(image, x, y);
      pixel[0] = 0;
      pixel[1] = 0;
      pixel[2] = 255;
    }
  }
}

void mask_boxes(Image& image, std::span<const Box> boxes) {
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) sums[i % 3] += image.rgb[i];
  const std::uint64_t pixels = std::max<std::uint64_t>(1, image.rgb.size() / 3);
  std::array<std::uint8_t, 3> mean{};
  for (std::size_t c = 0; c < 3; ++c)
    mean[c] = static_cast<std::uint8_t>((2 * sums[c] + pixels) / (2 * pixels));
  for (const Box& box : boxes) {
    const Pixels inside = touched(image, box);
    for (int y = inside.y0; y < inside.y1; ++y) {
      for (int x = inside.x0; x < inside.x1; ++x) std::copy(mean.begin(), mean.end(), at(image, x, y));
    }
  }
}

}  // namespace hones::image
