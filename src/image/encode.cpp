#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and does not include it
#include <cstdlib>
#include <cstring>

#include <png.h>
// clang-format off
#include <jpeglib.h>
// clang-format on

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/image/image.hpp>

#include "jpeg_error.hpp"

namespace hones::image {

namespace {

void check(const Image& image) {
  HONES_ASSERT(image.width > 0 && image.height > 0 &&
                   image.rgb.size() ==
                       static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3,
               std::to_string(image.width) + " x " + std::to_string(image.height));
}

}  // namespace

void encode_jpeg_file(const Image& image, int quality, const std::filesystem::path& file) {
  check(image);
  jpeg_compress_struct info{};
  ErrorManager errors{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  if (setjmp(errors.jump)) {
    jpeg_destroy_compress(&info);
    std::free(buffer);
    throw Error(ExitCode::rank_failed, "cannot encode " + file.string() + ": " + errors.message);
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.rgb.data() +
                                     static_cast<std::size_t>(info.next_scanline) * info.image_width * 3);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const std::string bytes(reinterpret_cast<const char*>(buffer), size);
  std::free(buffer);
  write_file(file, bytes);
}

void encode_png_file(const Image& image, const std::filesystem::path& file) {
  check(image);
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(header), '\0');
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&header, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr)) {
    throw Error(ExitCode::rank_failed, "cannot encode " + file.string() + ": " + header.message);
  }
  bytes.resize(size);
  write_file(file, bytes);
}

}  // namespace hones::image
