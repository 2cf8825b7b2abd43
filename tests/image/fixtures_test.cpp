// Every picture of tests/data/images against what Pillow and HF's CLIP image processor made of it, bit for
// bit.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/image/processor.hpp>

#include "support.hpp"
#include "support/scratch.hpp"

namespace hones::image {
namespace {

TEST(Fixtures, EqualPillowAndTheClipProcessor) {
  const std::filesystem::path folder = std::filesystem::path(HONES_TEST_DATA) / "images";
  std::ifstream in(folder / "expected.json");
  ASSERT_TRUE(in);
  const auto document = nlohmann::json::parse(in);
  int decoded = 0;
  for (const auto& item : document.at("cases")) {
    const std::string name = item.at("file");
    SCOPED_TRACE(name);
    if (item.contains("error")) {
      EXPECT_NAMES(test::data_error([&] { decode_file(folder / name); }),
                   item.at("error").get<std::string>());
      continue;
    }
    ++decoded;
    const Image image = decode_file(folder / name);
    EXPECT_EQ(image.width, item.at("width"));
    EXPECT_EQ(image.height, item.at("height"));
    EXPECT_EQ(pixel(image, 0, 0), (item.at("first_pixel").get<std::array<int, 3>>()));
    EXPECT_EQ(pixel(image, image.width - 1, image.height - 1),
              (item.at("last_pixel").get<std::array<int, 3>>()));
    EXPECT_EQ(crc32(image), item.at("rgb_crc32"));
    for (const auto& [edge, expected] : item.at("processed").items()) {
      SCOPED_TRACE(edge);
      ProcessorConfig config;
      config.shortest_edge = config.crop_width = config.crop_height = std::stoi(edge);
      EXPECT_EQ(crc32(resized_and_cropped(image, config)), expected.at("cropped_crc32"));
      const std::vector<float> values = pixel_values(image, config);
      const std::size_t plane = values.size() / 3;
      for (std::size_t c = 0; c < 3; ++c) {
        EXPECT_EQ(values[c * plane], expected.at("first_values")[c].get<float>());
      }
      EXPECT_EQ(crc32(std::as_bytes(std::span(values))), expected.at("pixel_values_crc32"));
    }
  }
  EXPECT_GE(decoded, 30);
}

}  // namespace
}  // namespace hones::image
