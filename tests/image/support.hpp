#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include <hones/image/image.hpp>

namespace hones::image {

// CRC-32 as zlib and PNG have it, in eight digits.
inline std::string crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const std::byte byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", ~crc);
  return text;
}
inline std::string crc32(const Image& image) {
  return crc32(std::as_bytes(std::span(image.rgb)));
}

// Pixel (x, y, c) = (7x + 13y + 29c) mod 256, the source of docs/models.md A.8.
inline Image ramp(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        image.rgb.push_back(static_cast<std::uint8_t>((7 * x + 13 * y + 29 * c) % 256));
    }
  }
  return image;
}

inline std::array<int, 3> pixel(const Image& image, int x, int y) {
  const std::uint8_t* p =
      image.rgb.data() +
      (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)) * 3;
  return {p[0], p[1], p[2]};
}

}  // namespace hones::image
