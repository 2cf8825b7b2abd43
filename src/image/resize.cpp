// Pillow's antialiased bicubic, bit for bit (docs/models.md 4.2): two passes with 8-bit pixels between them,
// weights in fixed point.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <hones/base/error.hpp>
#include <hones/image/image.hpp>

namespace hones::image {

namespace {

constexpr int kBits = 22;  // of a weight's fraction

double bicubic(double t) {
  constexpr double a = -0.5;
  t = std::abs(t);
  if (t < 1.0) return ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
  if (t < 2.0) return (((t - 5.0) * t + 8.0) * t - 4.0) * a;
  return 0.0;
}

// For every output position the first source position and the weights of the sources from there on.
struct Weights {
  struct Span {
    int first = 0;
    int count = 0;
    std::size_t offset = 0;
  };
  std::vector<Span> spans;
  std::vector<std::int32_t> fixed;
};

Weights weights(int in, int out) {
  Weights result;
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = 2.0 * stretch;
  const double reciprocal = 1.0 / stretch;
  std::vector<double> exact;
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int low = std::max(0, static_cast<int>(centre - support + 0.5));
    const int high = std::min(in, static_cast<int>(centre + support + 0.5));
    exact.clear();
    double sum = 0.0;
    for (int x = low; x < high; ++x) {
      exact.push_back(bicubic((x - centre + 0.5) * reciprocal));
      sum += exact.back();
    }
    result.spans.push_back({low, high - low, result.fixed.size()});
    for (double weight : exact) {
      if (sum != 0.0) weight /= sum;
      const double shifted = weight * (1 << kBits);
      result.fixed.push_back(static_cast<std::int32_t>(shifted < 0 ? shifted - 0.5 : shifted + 0.5));
    }
  }
  return result;
}

std::uint8_t clamped(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kBits, 0, 255));
}

Image resize_width(const Image& source, int width) {
  const Weights table = weights(source.width, width);
  Image result{width, source.height, {}};
  result.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(source.height) * 3);
  std::uint8_t* out = result.rgb.data();
  for (int y = 0; y < source.height; ++y) {
    const std::uint8_t* row =
        source.rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(source.width) * 3;
    for (const Weights::Span& span : table.spans) {
      const std::uint8_t* pixel = row + static_cast<std::size_t>(span.first) * 3;
      const std::int32_t* weight = table.fixed.data() + span.offset;
      std::int32_t sum[3] = {1 << (kBits - 1), 1 << (kBits - 1), 1 << (kBits - 1)};
      for (int i = 0; i < span.count; ++i, pixel += 3) {
        for (int c = 0; c < 3; ++c) sum[c] += weight[i] * pixel[c];
      }
      for (int c = 0; c < 3; ++c) *out++ = clamped(sum[c]);
    }
  }
  return result;
}

Image resize_height(const Image& source, int height) {
  const Weights table = weights(source.height, height);
  const std::size_t stride = static_cast<std::size_t>(source.width) * 3;
  Image result{source.width, height, {}};
  result.rgb.resize(stride * static_cast<std::size_t>(height));
  std::vector<std::int32_t> sums(stride);
  std::uint8_t* out = result.rgb.data();
  for (const Weights::Span& span : table.spans) {
    std::fill(sums.begin(), sums.end(), 1 << (kBits - 1));
    for (int i = 0; i < span.count; ++i) {
      const std::int32_t weight = table.fixed[span.offset + static_cast<std::size_t>(i)];
      const std::uint8_t* row = source.rgb.data() + static_cast<std::size_t>(span.first + i) * stride;
      for (std::size_t x = 0; x < stride; ++x) sums[x] += weight * row[x];
    }
    for (std::size_t x = 0; x < stride; ++x) *out++ = clamped(sums[x]);
  }
  return result;
}

}  // namespace

Image resize_bicubic(const Image& source, int width, int height, ResizeOrder order) {
  HONES_ASSERT(width >= 1 && height >= 1, std::to_string(width) + " x " + std::to_string(height));
  const bool other_width = width != source.width, other_height = height != source.height;
  if (!other_width && !other_height) return source;
  if (!other_height) return resize_width(source, width);
  if (!other_width) return resize_height(source, height);
  // Pillow 13 does first what removes more rows than columns.
  const bool rows_first = order == ResizeOrder::pillow13 && height < source.height &&
                          std::int64_t{source.height} - height > 2 * (std::int64_t{source.width} - width);
  if (rows_first) return resize_width(resize_height(source, height), width);
  return resize_height(resize_width(source, width), height);
}

Image centre_crop(const Image& source, int width, int height) {
  HONES_ASSERT(width >= 1 && height >= 1, std::to_string(width) + " x " + std::to_string(height));
  const auto floor_half = [](int excess) { return excess >= 0 ? excess / 2 : -((1 - excess) / 2); };
  const int top = floor_half(source.height - height), left = floor_half(source.width - width);
  Image result{width, height, {}};
  result.rgb.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  const int from = std::max(0, -left), to = std::min(width, source.width - left);
  for (int y = std::max(0, -top); y < std::min(height, source.height - top); ++y) {
    const auto at = [](int row, int column, int columns) {
      return (static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
              static_cast<std::size_t>(column)) *
             3;
    };
    std::memcpy(result.rgb.data() + at(y, from, width),
                source.rgb.data() + at(y + top, from + left, source.width),
                static_cast<std::size_t>(to - from) * 3);
  }
  return result;
}

Image pad_to_square(const Image& source, std::array<std::uint8_t, 3> colour) {
  const int side = std::max(source.width, source.height);
  const auto columns = static_cast<std::size_t>(side);
  if (source.width == source.height) return source;
  Image result{side, side, {}};
  result.rgb.resize(columns * columns * 3);
  for (std::size_t i = 0; i < result.rgb.size(); ++i) result.rgb[i] = colour[i % 3];
  const auto left = static_cast<std::size_t>((side - source.width) / 2);
  const auto top = static_cast<std::size_t>((side - source.height) / 2);
  const std::size_t stride = static_cast<std::size_t>(source.width) * 3;
  for (std::size_t y = 0; y < static_cast<std::size_t>(source.height); ++y) {
    std::memcpy(result.rgb.data() + ((y + top) * columns + left) * 3, source.rgb.data() + y * stride, stride);
  }
  return result;
}

}  // namespace hones::image
