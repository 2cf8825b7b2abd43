#include "app/picture_settings.hpp"

#include <gtest/gtest.h>

#include "support/scratch.hpp"
#include "support/usage_error.hpp"

namespace hones::app {
namespace {

using test::usage_error;

settings::Settings with(const std::string& key, const std::string& text) {
  settings::Settings made(settings::Command::generate);
  const settings::Setting& setting = *settings::find(key);
  made.set(setting, settings::parse_value(setting, text, setting.flag), setting.flag);
  return made;
}

TEST(PictureSettings, OneBox) {
  EXPECT_EQ(box_of(with("generate.box", "1,2.5,30,-4"), "generate.box"), (image::Box{1, 2.5, 30, -4}));
  EXPECT_EQ(box_of(with("generate.box", ""), "generate.box"), std::nullopt);
  for (const std::string wrong : {"1,2,3", "1,2,3,4,5", "1,2,3,x", "1,2,3,inf", "1;2;3;4"}) {
    const std::string line = usage_error([&] { box_of(with("generate.box", wrong), "generate.box"); });
    EXPECT_NAMES(line, "--box: generate.box = " + wrong);
    EXPECT_NAMES(line, "X,Y,WIDTH,HEIGHT");
  }
}

TEST(PictureSettings, BoxesAndPolygons) {
  const TextRegions regions =
      regions_of(with("generate.text_regions", "1,2,3,4;5,9,7,2,6,8"), "generate.text_regions");
  EXPECT_EQ(regions.boxes, (std::vector<image::Box>{{1, 2, 3, 4}, {5, 2, 2, 7}}));
  EXPECT_EQ(regions.polygons, (std::vector<image::Polygon>{{}, {{5, 9}, {7, 2}, {6, 8}}}));
  for (const std::string wrong : {"1,2,3", "1,2,3,4;x", "1,2,3,4,5", "1,2"}) {
    EXPECT_NAMES(
        usage_error([&] { regions_of(with("generate.text_regions", wrong), "generate.text_regions"); }),
        "--text-regions: generate.text_regions = " + wrong);
  }
}

TEST(PictureSettings, StrokeAndMask) {
  EXPECT_EQ(pictures_of(with("pictures.box_stroke", "outside")).stroke, image::Stroke::outside);
  EXPECT_EQ(pictures_of(with("pictures.box_stroke", "centred")).stroke, image::Stroke::centred);
  const std::pair<const char*, image::TextMask> masks[] = {{"none", image::TextMask::none},
                                                           {"mean", image::TextMask::mean},
                                                           {"per_box", image::TextMask::per_box},
                                                           {"polygon", image::TextMask::polygon}};
  for (const auto& [name, mask] : masks)
    EXPECT_EQ(pictures_of(with("pictures.mask_text", name)).text_mask, mask);
}

}  // namespace
}  // namespace hones::app
