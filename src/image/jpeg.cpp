// JPEG as Pillow reads it: libjpeg-turbo with its defaults (accurate integer IDCT, fancy upsampling), a file
// that ends too early is an error, damage inside the data is not.
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and does not include it
// clang-format off
#include <jpeglib.h>
// clang-format on
#include <algorithm>

#include "codec.hpp"
#include "jpeg_error.hpp"

namespace hones::image {

namespace {

// Progressive files with thousands of scans over a large picture cost hours; real ones have about ten.
constexpr int kMaxScans = 500;

void be_quiet(j_common_ptr) {}

void watch_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMaxScans) {
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    std::snprintf(manager->message, sizeof manager->message, "more than %d scans", kMaxScans);
    std::longjmp(manager->jump, 1);
  }
}

// A source over memory that suspends at the end instead of inventing an end marker as libjpeg's own does: a
// cut file must not become a picture with a grey lower half.
struct Source {
  jpeg_source_mgr base;
};
void source_nothing(j_decompress_ptr) {}
boolean source_at_end(j_decompress_ptr) {
  return FALSE;
}
void source_skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const auto skipped = std::min(static_cast<std::size_t>(count), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

// Pillow's CMYK -> RGB, for the inverted planes that Adobe's files hold (and that Pillow assumes in all of
// them).
void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, int width) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int black = cmyk[3];  // stored inverted: 255 - K
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - cmyk[c]) * black + 128;
      rgb[c] = static_cast<std::uint8_t>(black - (((product >> 8) + product) >> 8));
    }
  }
}

// `image` and `row` belong to the caller: nothing with a destructor may live where longjmp passes by.
void decode_into(std::span<const std::byte> bytes, const std::string& name, Image& image,
                 std::vector<std::uint8_t>& row) {
  jpeg_decompress_struct info{};
  ErrorManager errors{};
  Source source{};
  jpeg_progress_mgr progress{};
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.output_message = be_quiet;
  if (setjmp(errors.jump)) {
    jpeg_destroy_decompress(&info);
    throw DataError(name + ": broken JPEG: " + errors.message);
  }
  const auto fail = [&](const std::string& what) {
    jpeg_destroy_decompress(&info);
    throw DataError(name + ": " + what);
  };
  const char* const truncated = "the JPEG file is truncated";

  jpeg_create_decompress(&info);
  progress.progress_monitor = watch_scans;
  info.progress = &progress;
  source.base.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
  source.base.bytes_in_buffer = bytes.size();
  source.base.init_source = source_nothing;
  source.base.fill_input_buffer = source_at_end;
  source.base.skip_input_data = source_skip;
  source.base.resync_to_restart = jpeg_resync_to_restart;
  source.base.term_source = source_nothing;
  info.src = &source.base;
  if (jpeg_read_header(&info, TRUE) == JPEG_SUSPENDED) fail(truncated);
  if (info.num_components == 2 || info.num_components > 4) {
    fail("a JPEG with " + std::to_string(info.num_components) + " channels is not supported");
  }
  const bool cmyk = info.num_components == 4;
  info.out_color_space = info.num_components == 1 ? JCS_GRAYSCALE : cmyk ? JCS_CMYK : JCS_RGB;
  try {
    allocate(image, info.image_width, info.image_height, name);
    row.resize(static_cast<std::size_t>(info.image_width) * 4);
  } catch (...) {
    jpeg_destroy_decompress(&info);
    throw;
  }
  if (!jpeg_start_decompress(&info)) fail(truncated);
  while (info.output_scanline < info.output_height) {
    std::uint8_t* out =
        image.rgb.data() + static_cast<std::size_t>(info.output_scanline) * info.image_width * 3;
    JSAMPROW target = info.num_components == 3 ? out : row.data();
    if (jpeg_read_scanlines(&info, &target, 1) != 1) fail(truncated);
    if (cmyk) cmyk_to_rgb(row.data(), out, image.width);
    if (info.num_components == 1) {
      for (int x = 0; x < image.width; ++x)
        out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = row[static_cast<std::size_t>(x)];
    }
  }
  // All rows are there; a missing end marker is nobody's loss, so jpeg_finish_decompress is not asked.
  jpeg_destroy_decompress(&info);
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name) {
  Image image;
  std::vector<std::uint8_t> row;
  decode_into(bytes, name, image, row);
  return image;
}

}  // namespace hones::image
