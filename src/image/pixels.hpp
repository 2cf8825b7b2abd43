// Boxes in whole pixels.
#pragma once

#include <string>

#include <hones/image/image.hpp>

namespace hones::image {

// Pixels [x0, x1) x [y0, y1); x1 <= x0 or y1 <= y0: none.
struct Pixels {
  int x0, y0, x1, y1;
  bool empty() const { return x1 <= x0 || y1 <= y0; }
  bool holds(int x, int y) const { return x >= x0 && x < x1 && y >= y0 && y < y1; }
};

// The pixels that a box touches, [floor x, ceil(x + w)) x [floor y, ceil(y + h)), inside the picture. Throws
// DataError for numbers that are not finite.
Pixels touched(const Image& image, const Box& box);

std::string shown(const Box& box);

inline std::uint8_t* at(Image& image, int x, int y) {
  return image.rgb.data() +
         (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)) *
             3;
}
inline const std::uint8_t* at(const Image& image, int x, int y) {
  return at(const_cast<Image&>(image), x, y);
}

}  // namespace hones::image
