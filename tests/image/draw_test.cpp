#include <fstream>
#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "support.hpp"
#include "support/scratch.hpp"
#include "support/vectors.hpp"

namespace hones::image {
namespace {

Image from_rows(const nlohmann::json& rows) {
  Image image{static_cast<int>(rows[0].size()), static_cast<int>(rows.size()), {}};
  for (const auto& row : rows) {
    for (const auto& pixel : row) {
      for (const auto& value : pixel) image.rgb.push_back(value.get<std::uint8_t>());
    }
  }
  return image;
}

TEST(Draw, Vectors) {
  int overlays = 0, masks = 0;
  const nlohmann::json document = test::vectors("image_ops");
  for (const auto& item : document.at("cases")) {
    const std::string id = item.at("id");
    if (item.at("op") == "overlay") {
      ++overlays;
      Image image{item.at("width"), item.at("height"), {}};
      image.rgb.assign(static_cast<std::size_t>(image.width * image.height) * 3, 77);
      draw_blue_box(image, item.at("bbox").get<Box>());
      const auto& rows = item.at("expected").at("painted_rows");
      for (int y = 0; y < image.height; ++y) {
        std::string row;
        for (int x = 0; x < image.width; ++x) {
          const auto colour = pixel(image, x, y);
          if (colour != std::array<int, 3>{0, 0, 255}) {
            ASSERT_EQ(colour, (std::array<int, 3>{77, 77, 77})) << id;
          }
          row += colour[2] == 255 ? '#' : '.';
        }
        EXPECT_EQ(row, rows[static_cast<std::size_t>(y)]) << id << " row " << y;
      }
    } else {
      ++masks;
      Image image = from_rows(item.at("pixels_rgb"));
      const auto boxes = item.at("boxes").get<std::vector<Box>>();
      mask_text(image, boxes, {}, TextMask::mean);
      EXPECT_EQ(image.rgb, from_rows(item.at("expected").at("pixels_rgb")).rgb) << id;
    }
  }
  EXPECT_GT(overlays, 0);
  EXPECT_GT(masks, 0);
}

TEST(Draw, RefusesABoxWithoutPixels) {
  Image image = ramp(10, 8);
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const Box& box :
       {Box{10, 0, 3, 3}, Box{-5, 0, 5, 3}, Box{2, 9, 3, 3}, Box{2, 2, -1, 3}, Box{3, 3, 0, 0}}) {
    EXPECT_NAMES(test::data_error([&] { draw_blue_box(image, box); }), "outside the picture of 10 x 8");
  }
  for (const Box& box : {Box{nan, 0, 1, 1}, Box{0, 0, inf, 1}}) {
    EXPECT_NAMES(test::data_error([&] { draw_blue_box(image, box); }), "not a box");
  }
  EXPECT_EQ(image.rgb, ramp(10, 8).rgb);
}

TEST(Draw, ReachesBeyondThePicture) {
  Image image = ramp(10, 8);
  draw_blue_box(image, {-1e300, -1e300, 2e300, 2e300});
  EXPECT_EQ(pixel(image, 0, 0), (std::array<int, 3>{0, 0, 255}));
  EXPECT_EQ(pixel(image, 9, 7), (std::array<int, 3>{0, 0, 255}));
  EXPECT_EQ(pixel(image, 2, 2), pixel(ramp(10, 8), 2, 2));
}

// Bytes [height, width, 3].
Image from_bytes(const nlohmann::json& document, const nlohmann::json& bytes) {
  return {document.at("width"), document.at("height"), bytes.get<std::vector<std::uint8_t>>()};
}

// numpy's and matplotlib's answers (tools/fixtures/image_ops.py).
TEST(Draw, OptionsEqualTheirReference) {
  std::ifstream in(std::string(HONES_TEST_DATA) + "/images/ops.json");
  const nlohmann::json document = nlohmann::json::parse(in);
  std::map<std::string, int> seen;
  for (const auto& item : document.at("cases")) {
    const std::string id = item.at("id"), op = item.at("op");
    ++seen[op];
    if (op == "overlay") {
      Image image = from_bytes(document, nlohmann::json::array());
      image.rgb.assign(static_cast<std::size_t>(image.width * image.height) * 3, 77);
      draw_blue_box(image, item.at("bbox").get<Box>(), Stroke::outside);
      const auto rows = item.at("painted_rows").get<std::vector<std::string>>();
      for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
          const bool painted = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '#';
          EXPECT_EQ(pixel(image, x, y),
                    painted ? (std::array<int, 3>{0, 0, 255}) : (std::array<int, 3>{77, 77, 77}))
              << id << " at " << x << "," << y;
        }
      }
      continue;
    }
    Image image = from_bytes(document, item.at("rgb"));
    if (op == "per_box") {
      mask_text(image, item.at("boxes").get<std::vector<Box>>(), {}, TextMask::per_box);
    } else {
      const auto polygons = item.at("polygons").get<std::vector<Polygon>>();
      mask_text(image, std::vector<Box>(polygons.size()), polygons, TextMask::polygon);
    }
    EXPECT_EQ(image.rgb, from_bytes(document, item.at("expected")).rgb) << id;
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{{"overlay", 6}, {"per_box", 6}, {"polygon", 6}}));
}

TEST(Draw, AnOutsideStrokeNeedsRoom) {
  Image image = ramp(10, 8);
  EXPECT_NAMES(test::data_error([&] {
                 draw_blue_box(image, {0, 0, 10, 8}, Stroke::outside);
               }),
               "no room for a stroke outside it");
  EXPECT_EQ(image.rgb, ramp(10, 8).rgb);
}

TEST(Mask, BoxesShareTheMeanOfTheUnmaskedPicture) {
  Image image{2, 1, {10, 0, 255, 11, 1, 255}};
  const std::vector<Box> boxes{{0, 0, 1, 1}, {1, 0, 1, 1}, {50, 50, 2, 2}};
  mask_text(image, boxes, {}, TextMask::mean);
  EXPECT_EQ(image.rgb, (std::vector<std::uint8_t>{11, 1, 255, 11, 1, 255}));  // halves go up
}

TEST(Mask, NoneLeavesThePictureAlone) {
  Image image = ramp(10, 8);
  mask_text(image, std::vector<Box>{{0, 0, 10, 8}}, {}, TextMask::none);
  EXPECT_EQ(image.rgb, ramp(10, 8).rgb);
}

TEST(Mask, WhereNoPolygonIsKnownTheBoxStandsForIt) {
  const std::vector<Box> boxes{{1, 1, 2, 2}, {5, 4, 3, 2}};
  Image by_box = ramp(10, 8), by_polygon = ramp(10, 8), unknown = ramp(10, 8);
  mask_text(by_box, boxes, {}, TextMask::mean);
  mask_text(by_polygon, boxes, std::vector<Polygon>{{}, {{5, 4}, {8, 4}, {8, 6}, {5, 6}}}, TextMask::polygon);
  mask_text(unknown, boxes, {}, TextMask::polygon);
  EXPECT_EQ(by_polygon.rgb, by_box.rgb);
  EXPECT_EQ(unknown.rgb, by_box.rgb);
}

TEST(Mask, RefusesCornersThatAreNoPlaces) {
  Image image = ramp(10, 8);
  for (const double odd : {std::numeric_limits<double>::quiet_NaN(), 1e200}) {
    EXPECT_NAMES(test::data_error([&] {
                   mask_text(image, std::vector<Box>{{1, 1, 2, 2}},
                             std::vector<Polygon>{{{0, 0}, {5, odd}, {0, 5}}}, TextMask::polygon);
                 }),
                 "not a place");
  }
}

}  // namespace
}  // namespace hones::image
