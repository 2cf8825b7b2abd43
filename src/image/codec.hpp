// The two decoders behind decode(). Pictures come from strangers: sizes are bounded before anything is
// allocated.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <hones/base/error.hpp>
#include <hones/image/image.hpp>

namespace hones::image {

// Where Pillow refuses a picture as a decompression bomb: twice 1024^3 / 12 pixels.
inline constexpr std::uint64_t kMaxPixels = 178'956'970;

// Room for `width` x `height`, or a DataError.
inline void allocate(Image& image, std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) throw DataError(name + ": the picture is empty");
  if (width > kMaxPixels || height > kMaxPixels || width * height > kMaxPixels) {
    throw DataError(name + ": a picture of " + std::to_string(width) + " x " + std::to_string(height) +
                    " pixels; at most " + std::to_string(kMaxPixels) + " pixels are read");
  }
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.rgb.resize(width * height * 3);
}

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);
Image decode_png(std::span<const std::byte> bytes, const std::string& name);

}  // namespace hones::image
