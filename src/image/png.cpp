// PNG as Pillow's convert("RGB") sees it: alpha dropped, palette looked up, 16-bit colour cut to its high
// byte, 16-bit grey saturated at 255, gamma ignored. libpng only unfilters and unpacks; the rules are here.
#include <array>
#include <csetjmp>
#include <cstring>

#include <png.h>

#include "codec.hpp"

namespace hones::image {

namespace {

// What the callbacks of libpng need. Nothing here has a destructor: longjmp may pass by.
struct Reader {
  std::span<const std::byte> bytes;
  std::array<char, 256> message;
  bool truncated;
};

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->bytes.size()) {
    reader->truncated = true;
    png_error(png, "truncated");
  }
  std::memcpy(out, reader->bytes.data(), count);
  reader->bytes = reader->bytes.subspan(count);
}

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->message.data(), message, reader->message.size() - 1);
  png_longjmp(png, 1);
}

void be_quiet(png_structp, png_const_charp) {}

struct Layout {
  int colour_type = 0;
  int bit_depth = 0;
  int bytes_per_pixel = 0;  // after unpacking: one byte a sample of 8 bits or fewer
};

// Indices beyond the palette are black, as in Pillow.
using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

std::uint8_t grey_of(const std::uint8_t* sample, int bit_depth) {
  switch (bit_depth) {
    case 1:
      return sample[0] ? 255 : 0;
    case 2:
      return static_cast<std::uint8_t>(sample[0] * 0x55);
    case 4:
      return static_cast<std::uint8_t>(sample[0] * 0x11);
    case 16:
      return sample[0] != 0 ? 255 : sample[1];  // big endian; 256 and more saturate
    default:
      return sample[0];
  }
}

void to_rgb(const std::uint8_t* row, std::uint8_t* rgb, int width, const Layout& layout,
            const Palette& palette) {
  const int step = layout.bit_depth == 16 ? 2 : 1;
  for (int x = 0; x < width; ++x, row += layout.bytes_per_pixel, rgb += 3) {
    switch (layout.colour_type) {
      case PNG_COLOR_TYPE_PALETTE:
        std::memcpy(rgb, palette[row[0]].data(), 3);
        break;
      case PNG_COLOR_TYPE_GRAY:
        rgb[0] = rgb[1] = rgb[2] = grey_of(row, layout.bit_depth);
        break;
      case PNG_COLOR_TYPE_GRAY_ALPHA:  // here 16 bits are cut, not saturated
        rgb[0] = rgb[1] = rgb[2] = row[0];
        break;
      default:
        for (int c = 0; c < 3; ++c) rgb[c] = row[c * step];
    }
  }
}

// What lives longer than the part that longjmp may leave: nothing in that part has a destructor.
struct Buffers {
  Image image;
  std::vector<std::uint8_t> raw;
  std::vector<png_bytep> rows;
  Palette palette{};
  Layout layout;
};

void decode_into(std::span<const std::byte> bytes, const std::string& name, Buffers& buffers) {
  Reader reader{bytes, {}, false};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, be_quiet);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  if (info == nullptr) {
    png_destroy_read_struct(&png, nullptr, nullptr);
    throw InternalError("libpng cannot be set up");
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, nullptr);
    throw DataError(name + (reader.truncated ? ": the PNG file is truncated"
                                             : std::string(": broken PNG: ") + reader.message.data()));
  }
  png_set_read_fn(png, &reader, read_bytes);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // allocate() judges the product
  png_set_chunk_malloc_max(png, 8'000'000);
  png_set_chunk_cache_max(png, 128);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
  png_read_info(png, info);
  const png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
  Layout& layout = buffers.layout;
  layout = {png_get_color_type(png, info), png_get_bit_depth(png, info),
            png_get_channels(png, info) * (png_get_bit_depth(png, info) == 16 ? 2 : 1)};
  if (layout.colour_type == PNG_COLOR_TYPE_PALETTE) {
    png_colorp colours = nullptr;
    int count = 0;
    png_get_PLTE(png, info, &colours, &count);
    for (int i = 0; i < count && i < 256; ++i) {
      buffers.palette[static_cast<std::size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue};
    }
  }
  png_set_packing(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  try {
    // Deflate makes at most 1032 bytes of one: a small file that claims more is not worth its memory.
    const std::uint64_t row_bits = std::uint64_t{width} * static_cast<unsigned>(png_get_channels(png, info)) *
                                   static_cast<unsigned>(layout.bit_depth);
    if (row_bits / 8 * height / 1032 > bytes.size()) throw DataError(name + ": the PNG file is truncated");
    allocate(buffers.image, width, height, name);
    const std::size_t stride = png_get_rowbytes(png, info);
    buffers.raw.resize(stride * height);
    buffers.rows.resize(height);
    for (std::size_t y = 0; y < height; ++y) buffers.rows[y] = buffers.raw.data() + y * stride;
  } catch (...) {
    png_destroy_read_struct(&png, &info, nullptr);
    throw;
  }
  png_read_image(png, buffers.rows.data());
  png_destroy_read_struct(&png, &info, nullptr);
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  Buffers buffers;
  decode_into(bytes, name, buffers);
  Image& image = buffers.image;
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  for (std::size_t y = 0; y < buffers.rows.size(); ++y) {
    to_rgb(buffers.rows[y], image.rgb.data() + y * stride, image.width, buffers.layout, buffers.palette);
  }
  return std::move(image);
}

}  // namespace hones::image
