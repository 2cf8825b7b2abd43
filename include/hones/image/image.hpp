// Pictures as Pillow reads and resizes them, bit for bit (docs/models.md section 4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace hones::image {

// 8-bit RGB, rows top to bottom, pixels left to right, channels R, G, B.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;  // height * width * 3
};

// JPEG or PNG, by content. Throws DataError naming the file and the reason (missing, truncated, not a
// picture).
Image decode_file(const std::filesystem::path& file);
Image decode(std::span<const std::byte> bytes, const std::string& name);

void encode_jpeg_file(const Image& image, int quality, const std::filesystem::path& file);
void encode_png_file(const Image& image, const std::filesystem::path& file);

enum class ResizeOrder { horizontal, pillow13 };

// Pillow's antialiased bicubic. Sizes >= 1.
Image resize_bicubic(const Image& source, int width, int height, ResizeOrder order = ResizeOrder::horizontal);
// Centre crop as the PIL backend does it: top = (H - height) div 2; beyond the picture black.
Image centre_crop(const Image& source, int width, int height);
// The original LLaVA code's padding to a square with rgb(122,116,104).
Image pad_to_square(const Image& source, std::array<std::uint8_t, 3> colour);

// x, y, width, height in pixels; may reach outside the picture.
using Box = std::array<double, 4>;
// The blue box of docs/benchmark.md 2.6, drawn in place. Throws DataError when nothing of the box is inside.
void draw_blue_box(Image& image, const Box& box);
// Text masking of docs/benchmark.md 2.7: every box filled with the mean colour of the unmasked picture.
void mask_boxes(Image& image, std::span<const Box> boxes);

}  // namespace hones::image
