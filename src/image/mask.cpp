// Text masking (docs/benchmark.md 2.7).
#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>

#include "pixels.hpp"

namespace hones::image {

namespace {

using Colour = std::array<std::uint8_t, 3>;

Colour mean_of(const Image& image, const Pixels& pixels) {
  std::array<std::uint64_t, 3> sums{};
  for (int y = pixels.y0; y < pixels.y1; ++y) {
    for (int x = pixels.x0; x < pixels.x1; ++x) {
      for (std::size_t c = 0; c < 3; ++c) sums[c] += at(image, x, y)[c];
    }
  }
  const auto count = static_cast<std::uint64_t>(std::max(0, pixels.x1 - pixels.x0)) *
                     static_cast<std::uint64_t>(std::max(0, pixels.y1 - pixels.y0));
  Colour mean{};
  for (std::size_t c = 0; count > 0 && c < 3; ++c)
    mean[c] = static_cast<std::uint8_t>((2 * sums[c] + count) / (2 * count));
  return mean;
}

void fill_row(Image& image, int y, int x0, int x1, const Colour& colour) {
  for (int x = x0; x < x1; ++x) std::copy(colour.begin(), colour.end(), at(image, x, y));
}

void fill(Image& image, const Pixels& pixels, const Colour& colour) {
  for (int y = pixels.y0; y < pixels.y1; ++y) fill_row(image, y, pixels.x0, pixels.x1, colour);
}

// Where the polygon's edges cross the horizontal line at `y`, from left to right. An edge holds its upper end
// and not its lower one, so that a corner counts once.
std::vector<double> crossings(const Polygon& polygon, double y) {
  std::vector<double> at;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const auto [x0, y0] = polygon[i];
    const auto [x1, y1] = polygon[(i + 1) % polygon.size()];
    if ((y0 <= y) == (y1 <= y)) continue;
    at.push_back(x0 + (y - y0) / (y1 - y0) * (x1 - x0));
  }
  std::sort(at.begin(), at.end());
  return at;
}

// Pixels whose centres lie inside by the even-odd rule.
void fill(Image& image, const Polygon& polygon, const Colour& colour) {
  // The first column whose centre is at or beyond `x`.
  const auto column = [&](double x) {
    return static_cast<int>(std::clamp(std::ceil(x - 0.5), 0.0, double(image.width)));
  };
  double top = image.height, bottom = 0;
  for (const auto& corner : polygon) {
    top = std::min(top, corner[1]);
    bottom = std::max(bottom, corner[1]);
  }
  const int first = static_cast<int>(std::clamp(std::floor(top), 0.0, double(image.height)));
  const int last = static_cast<int>(std::clamp(std::ceil(bottom), 0.0, double(image.height)));
  for (int y = first; y < last; ++y) {
    const std::vector<double> at = crossings(polygon, y + 0.5);
    for (std::size_t i = 0; i + 1 < at.size(); i += 2)
      fill_row(image, y, column(at[i]), column(at[i + 1]), colour);
  }
}

void check_finite(const Polygon& polygon) {
  for (const auto& [x, y] : polygon) {
    // Beyond this a difference of two coordinates may overflow; no picture is as large.
    if (!(std::abs(x) < 1e150 && std::abs(y) < 1e150))
      throw DataError("a polygon of scene text has a corner that is not a place");
  }
}

}  // namespace

void mask_text(Image& image, std::span<const Box> boxes, std::span<const Polygon> polygons, TextMask mask) {
  if (mask == TextMask::none) return;
  HONES_ASSERT(polygons.empty() || polygons.size() == boxes.size(),
               std::to_string(polygons.size()) + " polygons, " + std::to_string(boxes.size()) + " boxes");
  const Colour mean = mean_of(image, {0, 0, image.width, image.height});
  // All colours come from the unmasked picture: where boxes overlap the order of reading must not matter.
  std::vector<Pixels> pixels;
  std::vector<Colour> colours;
  for (const Box& box : boxes) {
    pixels.push_back(touched(image, box));
    colours.push_back(mask == TextMask::per_box ? mean_of(image, pixels.back()) : mean);
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (mask == TextMask::polygon && !polygons.empty() && polygons[i].size() >= 3) {
      check_finite(polygons[i]);
      fill(image, polygons[i], mean);
    } else {
      fill(image, pixels[i], colours[i]);
    }
  }
}

TextMask text_mask_from(const std::string& name) {
  if (name == "none") return TextMask::none;
  if (name == "mean") return TextMask::mean;
  if (name == "per_box") return TextMask::per_box;
  if (name == "polygon") return TextMask::polygon;
  throw UsageError("text mask '" + name + "' is not known: expected none, mean, per_box or polygon");
}

}  // namespace hones::image
