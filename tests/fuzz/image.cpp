// A JPEG or PNG file: decoded, boxed, masked, resized.
#include <hones/image/processor.hpp>

#include "support.hpp"

namespace {

// The size that a file claims, where it is easily found: larger ones are left alone, because they cost
// seconds each and are bounded by a limit that tests/image proves.
constexpr std::uint64_t kMost = 1 << 20;

bool claims_much(const std::uint8_t* data, std::size_t size) {
  const auto at = [&](std::size_t i, int bytes) {
    std::uint64_t number = 0;
    for (int b = 0; b < bytes; ++b) number = number << 8 | data[i + static_cast<std::size_t>(b)];
    return number;
  };
  const auto much = [](std::uint64_t width, std::uint64_t height) {
    return width != 0 && height > kMost / width;
  };
  if (size > 24 && data[0] == 0x89) return much(at(16, 4), at(20, 4));
  for (std::size_t i = 0; i + 9 < size && data[0] == 0xff; ++i) {  // any start of a frame
    if (data[i] == 0xff && data[i + 1] >= 0xc0 && data[i + 1] <= 0xcf && much(at(i + 7, 2), at(i + 5, 2)))
      return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hones::image;
  if (claims_much(data, size)) return 0;
  hones::fuzz::accepted([&] {
    Image picture = decode(std::as_bytes(std::span(data, size)), "picture");
    if (picture.rgb.size() !=
        3 * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height))
      hones::fuzz::defect("a picture of another size than it says");
    const double w = picture.width, h = picture.height;
    mask_text(picture, std::vector<Box>{{w / 2, -3, w, h}}, {}, TextMask::per_box);
    draw_blue_box(picture, {-2, h / 3, w, h});
    ProcessorConfig config;
    config.shortest_edge = config.crop_width = config.crop_height = 24;
    // A picture of one row grows a thousandfold in the other direction: as wide as it is, no test of
    // strangers.
    if (w / h < 50 && h / w < 50) pixel_values(picture, config);
    hones::fuzz::read_whole(true);
  });
  return 0;
}
