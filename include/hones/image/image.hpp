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

// Where the 3 pixels of a blue box lie: centred on the box's edge (one outside, two inside), or all outside,
// for boxes so small that the stroke would cover the word.
enum class Stroke { centred, outside };
// "centred", "outside". Throws UsageError for anything else.
Stroke stroke_from(const std::string& name);

// The blue box of docs/benchmark.md 2.6, drawn in place on the decoded picture. Throws DataError when nothing
// of the box is inside, or nothing of an outside stroke.
void draw_blue_box(Image& image, const Box& box, Stroke stroke = Stroke::centred);

// Corners x, y in pixels; may reach outside the picture. Fewer than three: none is known.
using Polygon = std::vector<std::array<double, 2>>;

// How scene text is painted over: nothing is; every box with the mean colour of the picture; every box with
// its own mean colour; every polygon with the mean colour of the picture.
enum class TextMask { none, mean, per_box, polygon };
// "none", "mean", "per_box", "polygon". Throws UsageError for anything else.
TextMask text_mask_from(const std::string& name);

// Text masking of docs/benchmark.md 2.7, in place. Means are those of the unmasked picture, halves rounded
// up. `polygons` is empty or has one entry a box; where none is known the box stands for it.
void mask_text(Image& image, std::span<const Box> boxes, std::span<const Polygon> polygons, TextMask mask);

}  // namespace hones::image
