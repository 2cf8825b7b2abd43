// Files that are broken, cut or hostile; and pictures written and read back.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <hones/base/file.hpp>
#include <hones/base/rng.hpp>

#include "support.hpp"
#include "support/scratch.hpp"

namespace hones::image {
namespace {

using test::data_error;
using test::Scratch;

std::string file(const std::string& name) {
  return read_file(std::filesystem::path(HONES_TEST_DATA) / "images" / name);
}
Image decode_text(const std::string& bytes) {
  return decode(std::as_bytes(std::span(bytes)), "picture");
}

TEST(Codec, RefusesWhatIsNotAPicture) {
  const Scratch scratch;
  EXPECT_NAMES(data_error([&] { decode_file(scratch.path() / "none.jpg"); }), "none.jpg");
  EXPECT_NAMES(data_error([&] { decode_file(scratch.path()); }), "not a regular file");
  EXPECT_NAMES(data_error([&] { decode_file(scratch.write("empty.jpg", "")); }),
               "empty.jpg: the file is empty");
  EXPECT_NAMES(data_error([&] { decode_file(scratch.write("a.jpg", "GIF89a......")); }), "not a JPEG or PNG");
  EXPECT_NAMES(data_error([] { decode_text("\xff\xd8\xff"); }), "truncated");
  EXPECT_NAMES(data_error([] { decode_text("\xff\xd8\xff\xd9 and then text"); }), "broken JPEG");
  EXPECT_NAMES(data_error([] { decode_text("\x89PNG\r\n\x1a\n"); }), "truncated");
}

TEST(Codec, EveryCutFileIsAnError) {
  for (const char* name :
       {"grey.jpg", "cmyk.jpg", "rgb_interlaced.png", "palette_8.png", "coffee_422_progressive.jpg"}) {
    const std::string whole = file(name);
    for (std::size_t length = 0; length + 20 < whole.size(); length += 1 + whole.size() / 97) {
      EXPECT_NE(data_error([&] { decode_text(whole.substr(0, length)); }), "") << name << " " << length;
    }
  }
}

// Bits flipped anywhere: an error or some picture, never a crash (the sanitized build looks closer).
TEST(Codec, DamageNeverCrashes) {
  SplitMix64 random(5);
  for (const char* name : {"grey.jpg", "cmyk.jpg", "restart_markers.jpg", "coffee_422_progressive.jpg",
                           "rgba_16.png", "palette_4_interlaced.png", "grey_16.png"}) {
    const std::string whole = file(name);
    for (int round = 0; round < 60; ++round) {
      std::string broken = whole;
      for (int i = 0; i < 4; ++i) {
        broken[random.below(std::min<std::uint64_t>(broken.size(), round % 2 ? 700 : broken.size()))] ^=
            static_cast<char>(1 << random.below(8));
      }
      try {
        const Image image = decode_text(broken);
        EXPECT_EQ(image.rgb.size(),
                  static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3);
      } catch (const DataError&) {
      }
    }
  }
}

void put_be(std::string& bytes, std::size_t at, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i)
    bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * (count - 1 - i)));
}

TEST(Codec, HugeDimensionsAreRefusedBeforeAnythingIsAllocated) {
  std::string jpeg = file("grey.jpg");
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  put_be(jpeg, frame + 5, 65500, 2);
  put_be(jpeg, frame + 7, 65500, 2);
  EXPECT_NAMES(data_error([&] { decode_text(jpeg); }), "65500 x 65500 pixels");

  // A PNG that claims 13000 x 13000 pixels: allowed in number, impossible from so few bytes.
  std::string png = file("rgb.png");
  put_be(png, 16, 13000, 4);
  put_be(png, 20, 13000, 4);
  const std::string head = png.substr(12, 17);
  put_be(png, 29, static_cast<std::uint32_t>(std::stoul(crc32(std::as_bytes(std::span(head))), nullptr, 16)),
         4);
  EXPECT_NAMES(data_error([&] { decode_text(png); }), "truncated");
}

TEST(Codec, PngComesBackExactly) {
  const Scratch scratch;
  const Image image = ramp(37, 23);
  encode_png_file(image, scratch.path() / "a.png");
  const Image read = decode_file(scratch.path() / "a.png");
  EXPECT_EQ(read.width, 37);
  EXPECT_EQ(read.height, 23);
  EXPECT_EQ(read.rgb, image.rgb);
  EXPECT_THROW(encode_png_file(image, scratch.path() / "none" / "a.png"), Error);
  EXPECT_THROW(encode_png_file(Image{3, 3, {1, 2}}, scratch.path() / "b.png"), InternalError);
}

TEST(Codec, JpegComesBackNearlyAndTheSameEveryTime) {
  const Scratch scratch;
  const Image image = decode_file(std::filesystem::path(HONES_TEST_DATA) / "images" / "china_420.jpg");
  encode_jpeg_file(image, 95, scratch.path() / "a.jpg");
  encode_jpeg_file(image, 95, scratch.path() / "b.jpg");
  EXPECT_EQ(read_file(scratch.path() / "a.jpg"), read_file(scratch.path() / "b.jpg"));
  const Image read = decode_file(scratch.path() / "a.jpg");
  ASSERT_EQ(read.rgb.size(), image.rgb.size());
  double difference = 0;
  for (std::size_t i = 0; i < read.rgb.size(); ++i)
    difference += std::abs(int{read.rgb[i]} - int{image.rgb[i]});
  EXPECT_LT(difference / static_cast<double>(read.rgb.size()), 3.0);
  EXPECT_THROW(encode_jpeg_file(Image{}, 90, scratch.path() / "c.jpg"), InternalError);
}

}  // namespace
}  // namespace hones::image
