#include <gtest/gtest.h>

#include "support.hpp"

namespace hones::image {
namespace {

struct Golden {
  int height, width, to_height, to_width;
  const char* source;
  const char* result;
  std::array<int, 3> first, last, middle;
};

// docs/models.md A.8.
TEST(Resize, EqualsPillow) {
  const Golden cases[] = {
      {100, 150, 336, 504, "a6acb833", "d284a9ff", {0, 27, 56}, {28, 57, 86}, {144, 173, 202}},
      {480, 640, 336, 448, "055b8130", "bd04b6ce", {5, 34, 63}, {199, 228, 134}, {232, 2, 47}},
      {1000, 700, 480, 336, "4230078b", "9576d414", {12, 41, 70}, {204, 233, 92}, {121, 22, 59}},
      {37, 91, 336, 826, "bc2d024c", "29430d54", {0, 26, 55}, {77, 106, 135}, {38, 67, 96}},
      {480, 640, 476, 644, "055b8130", "b5e40b91", {0, 29, 58}, {204, 233, 8}, {240, 13, 42}},
  };
  for (const Golden& golden : cases) {
    const Image source = ramp(golden.width, golden.height);
    ASSERT_EQ(crc32(source), golden.source);
    const Image result = resize_bicubic(source, golden.to_width, golden.to_height);
    EXPECT_EQ(crc32(result), golden.result);
    EXPECT_EQ(pixel(result, 0, 0), golden.first);
    EXPECT_EQ(pixel(result, golden.to_width - 1, golden.to_height - 1), golden.last);
    EXPECT_EQ(pixel(result, golden.to_width / 2, golden.to_height / 2), golden.middle);
  }
}

TEST(Resize, Pillow13TakesRowsFirstWhereThatIsShorter) {
  const Image source = ramp(640, 480);
  EXPECT_EQ(crc32(resize_bicubic(source, 644, 476, ResizeOrder::pillow13)), "a03ee941");
  // Fewer rows go than twice the columns: the old order.
  EXPECT_EQ(crc32(resize_bicubic(source, 448, 336, ResizeOrder::pillow13)), "bd04b6ce");
}

TEST(Resize, SkipsPassesThatChangeNothing) {
  const Image source = ramp(31, 17);
  EXPECT_EQ(resize_bicubic(source, 31, 17).rgb, source.rgb);
  const Image wide = resize_bicubic(source, 50, 17);
  EXPECT_EQ(wide.width, 50);
  EXPECT_EQ(wide.height, 17);
  const Image high = resize_bicubic(source, 31, 50);
  EXPECT_EQ(high.width, 31);
  EXPECT_EQ(high.height, 50);
  EXPECT_EQ(crc32(resize_bicubic(wide, 50, 50)), crc32(resize_bicubic(source, 50, 50)));
}

TEST(Resize, AConstantPictureStaysConstant) {
  Image source{13, 7, std::vector<std::uint8_t>(13 * 7 * 3, 201)};
  for (const auto& [width, height] : {std::pair{1, 1}, {300, 2}, {5, 400}, {12, 6}}) {
    const Image result = resize_bicubic(source, width, height);
    EXPECT_EQ(result.rgb, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height) * 3, 201));
  }
}

TEST(Crop, CutsTheMiddleAndFillsWithBlack) {
  const Image source = ramp(7, 6);
  const Image inside = centre_crop(source, 4, 3);  // left (7 - 4) div 2 = 1, top (6 - 3) div 2 = 1
  EXPECT_EQ(pixel(inside, 0, 0), pixel(source, 1, 1));
  EXPECT_EQ(pixel(inside, 3, 2), pixel(source, 4, 3));
  const Image beyond = centre_crop(source, 10, 9);  // left -1.5 and top -1.5, both rounded down
  EXPECT_EQ(pixel(beyond, 2, 2), pixel(source, 0, 0));
  EXPECT_EQ(pixel(beyond, 8, 7), pixel(source, 6, 5));
  EXPECT_EQ(pixel(beyond, 1, 2), (std::array<int, 3>{0, 0, 0}));
  EXPECT_EQ(pixel(beyond, 9, 8), (std::array<int, 3>{0, 0, 0}));
  const Image mixed = centre_crop(source, 3, 8);
  EXPECT_EQ(pixel(mixed, 0, 1), pixel(source, 2, 0));
  EXPECT_EQ(pixel(mixed, 0, 0), (std::array<int, 3>{0, 0, 0}));
}

TEST(Pad, PutsThePictureInTheMiddleOfASquare) {
  const Image source = ramp(4, 7);
  const Image padded = pad_to_square(source, {1, 2, 3});
  EXPECT_EQ(padded.width, 7);
  EXPECT_EQ(padded.height, 7);
  EXPECT_EQ(pixel(padded, 0, 0), (std::array<int, 3>{1, 2, 3}));
  EXPECT_EQ(pixel(padded, 1, 0), pixel(source, 0, 0));
  EXPECT_EQ(pixel(padded, 4, 6), pixel(source, 3, 6));
  EXPECT_EQ(pixel(padded, 5, 6), (std::array<int, 3>{1, 2, 3}));
  EXPECT_EQ(pad_to_square(ramp(5, 5), {1, 2, 3}).rgb, ramp(5, 5).rgb);
}

}  // namespace
}  // namespace hones::image
