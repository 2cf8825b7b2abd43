#include <gtest/gtest.h>

#include <hones/image/processor.hpp>

#include "support.hpp"
#include "support/scratch.hpp"

namespace hones::image {
namespace {

using test::data_error;
using test::Scratch;

// docs/models.md A.7.
TEST(Processor, NormalisesAsThePilBackendDoes) {
  ProcessorConfig config;
  config.shortest_edge = config.crop_width = config.crop_height = 2;
  Image image{2, 2, {}};
  for (const std::uint8_t value : {0, 1, 127, 255}) image.rgb.insert(image.rgb.end(), 3, value);
  const std::vector<float> expected{-1.79226255F, -1.77766407F, 0.06173760F, 1.93033612F,  //
                                    -1.75209713F, -1.73708928F, 0.15388943F, 2.07488370F,  //
                                    -1.48021984F, -1.46599972F, 0.32572860F, 2.14589691F};
  const std::vector<float> values = pixel_values(image, config);
  ASSERT_EQ(values.size(), expected.size());
  // The page prints eight decimals; fixtures_test compares the last bit.
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 5.1e-9) << i;
}

TEST(Processor, LongSideIsCutNotRounded) {
  ProcessorConfig config;
  config.shortest_edge = 56;
  config.crop_width = 80;
  config.crop_height = 56;
  // 56 * 13 / 9 = 80.9: 80 columns, so that a crop of 80 is the whole width.
  EXPECT_EQ(crc32(resized_and_cropped(ramp(13, 9), config)), crc32(resize_bicubic(ramp(13, 9), 80, 56)));
  config.crop_width = 56;
  config.crop_height = 80;
  EXPECT_EQ(crc32(resized_and_cropped(ramp(9, 13), config)), crc32(resize_bicubic(ramp(9, 13), 56, 80)));
}

TEST(Processor, PadsToASquareOnRequest) {
  ProcessorConfig config;
  config.shortest_edge = config.crop_width = config.crop_height = 9;
  config.pad_to_square = true;
  EXPECT_EQ(pixel(resized_and_cropped(ramp(9, 5), config), 4, 0), (std::array<int, 3>{122, 116, 104}));
}

TEST(Processor, RefusesAPictureTooNarrow) {
  ProcessorConfig config;
  const Image thread{60'000, 1, std::vector<std::uint8_t>(180'000)};
  EXPECT_NAMES(data_error([&] { pixel_values(thread, ProcessorConfig{}); }), "too narrow");
}

TEST(Processor, ReadsBothFiles) {
  const Scratch scratch;
  scratch.write("processor_config.json",
                R"({"image_processor":{"size":{"shortest_edge":60},"crop_size":{"height":56,"width":58},
                "resample":3,"rescale_factor":0.5,"image_mean":[0,0.25,1],"image_std":[1,2,3],"do_resize":true,
                "do_convert_rgb":null,"image_processor_type":"CLIPImageProcessor"},"patch_size":14})");
  const ProcessorConfig nested = read_processor(scratch.path());
  EXPECT_EQ(nested.shortest_edge, 60);
  EXPECT_EQ(nested.crop_height, 56);
  EXPECT_EQ(nested.crop_width, 58);
  EXPECT_EQ(nested.rescale, 0.5);
  EXPECT_EQ(nested.mean[1], 0.25);
  EXPECT_EQ(nested.std[2], 3.0);
  scratch.write("preprocessor_config.json", R"({"size":336,"crop_size":300})");
  const ProcessorConfig own = read_processor(scratch.path());
  EXPECT_EQ(own.shortest_edge, 336);
  EXPECT_EQ(own.crop_width, 300);
  EXPECT_EQ(own.mean[0], 0.48145466);
  scratch.write("preprocessor_config.json", "{}");
  EXPECT_EQ(read_processor(scratch.path()).shortest_edge, 224);  // the class default
}

TEST(Processor, RefusesWhatItDoesNotDo) {
  const Scratch scratch;
  EXPECT_NAMES(data_error([&] { read_processor(scratch.path()); }), "neither preprocessor_config.json");
  scratch.write("processor_config.json", R"({"patch_size":14})");
  EXPECT_NAMES(data_error([&] { read_processor(scratch.path()); }), "no object image_processor");
  const std::pair<const char*, const char*> cases[] = {
      {"{", "not valid JSON"},
      {"[]", "not a JSON object"},
      {R"({"resample":2})", "resample is 2"},
      {R"({"do_resize":false})", "do_resize"},
      {R"({"do_center_crop":false})", "do_center_crop"},
      {R"({"do_rescale":0})", "do_rescale"},
      {R"({"do_normalize":false})", "do_normalize"},
      {R"({"do_pad":true})", "do_pad"},
      {R"({"size":{"height":3,"width":3}})", "size"},
      {R"({"size":{"shortest_edge":0}})", "shortest_edge"},
      {R"({"size":{"shortest_edge":100000000}})", "shortest_edge"},
      {R"({"crop_size":"big"})", "crop_size"},
      {R"({"crop_size":{"height":3}})", "crop_size"},
      {R"({"rescale_factor":"x"})", "rescale_factor"},
      {R"({"image_mean":[1,2]})", "image_mean"},
      {R"({"image_std":[1,2,"x"]})", "image_std"},
      {R"({"image_std":[1,2,0]})", "image_std"},
  };
  for (const auto& [text, part] : cases) {
    scratch.write("preprocessor_config.json", text);
    const std::string line = data_error([&] { read_processor(scratch.path()); });
    EXPECT_NAMES(line, part);
    EXPECT_NAMES(line, "preprocessor_config.json");
  }
}

}  // namespace
}  // namespace hones::image
