#include "draw.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numbers>

#include <cairo.h>
#include <jpeglib.h>

#include <hones/base/error.hpp>

namespace hones::benchmark {

namespace {

constexpr double kAdvance = 0.60205;  // of DejaVu Sans Mono, in em
constexpr int kQuality = 95;

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using Context = std::unique_ptr<cairo_t, ContextDeleter>;

std::array<double, 3> rgb(Colour colour) {
  constexpr std::array<std::array<double, 3>, kColours> values{{{0.85, 0.10, 0.12},
                                                                {0.97, 0.55, 0.10},
                                                                {0.97, 0.88, 0.15},
                                                                {0.12, 0.60, 0.20},
                                                                {0.15, 0.40, 0.85},
                                                                {0.48, 0.15, 0.62},
                                                                {0.98, 0.55, 0.75},
                                                                {0.10, 0.10, 0.10}}};
  return values[static_cast<std::size_t>(colour)];
}

// Corners at `radii` in turn, the first one straight up.
void polygon(cairo_t* c, const Object& o, int corners, double inner) {
  for (int i = 0; i < corners; ++i) {
    const double r = o.radius * (i % 2 == 0 ? 1.0 : inner);
    const double angle = 2 * std::numbers::pi * i / corners;
    cairo_line_to(c, o.x + r * std::sin(angle), o.y - r * std::cos(angle));
  }
  cairo_close_path(c);
}

void trace(cairo_t* c, const Object& o) {
  const double r = o.radius;
  cairo_new_path(c);
  switch (o.shape) {
    case Shape::circle:
      cairo_arc(c, o.x, o.y, r, 0, 2 * std::numbers::pi);
      break;
    case Shape::square:
      cairo_rectangle(c, o.x - 0.9 * r, o.y - 0.9 * r, 1.8 * r, 1.8 * r);
      break;
    case Shape::triangle:
      cairo_move_to(c, o.x, o.y - r);
      cairo_line_to(c, o.x + r, o.y + 0.9 * r);
      cairo_line_to(c, o.x - r, o.y + 0.9 * r);
      cairo_close_path(c);
      break;
    case Shape::star:
      polygon(c, o, 10, 0.42);
      break;
    case Shape::heart:
      cairo_move_to(c, o.x, o.y + r);
      cairo_curve_to(c, o.x - 1.7 * r, o.y - 0.1 * r, o.x - 0.9 * r, o.y - 1.5 * r, o.x, o.y - 0.45 * r);
      cairo_curve_to(c, o.x + 0.9 * r, o.y - 1.5 * r, o.x + 1.7 * r, o.y - 0.1 * r, o.x, o.y + r);
      break;
    case Shape::diamond:
      cairo_move_to(c, o.x, o.y - r);
      cairo_line_to(c, o.x + 0.7 * r, o.y);
      cairo_line_to(c, o.x, o.y + r);
      cairo_line_to(c, o.x - 0.7 * r, o.y);
      cairo_close_path(c);
      break;
  }
}

void draw_object(cairo_t* c, const Object& o) {
  const auto [r, g, b] = rgb(o.colour);
  trace(c, o);
  cairo_set_source_rgb(c, r, g, b);
  cairo_fill_preserve(c);
  cairo_set_source_rgb(c, 0.6 * r, 0.6 * g, 0.6 * b);  // an outline, or yellow fades into the ground
  cairo_set_line_width(c, 0.8);
  cairo_stroke(c);
}

void draw_word(cairo_t* c, const PrintedWord& word, double ink) {
  cairo_set_font_size(c, word.cell_width() / kAdvance);
  cairo_set_source_rgb(c, ink, ink, ink);
  for (std::size_t i = 0; i < word.text.size(); ++i) {  // one by one: each letter stands in its cell
    const char letter[2] = {word.text[i], '\0'};
    cairo_move_to(c, word.x + word.cell_width() * static_cast<double>(i), word.y + word.cell_height());
    cairo_show_text(c, letter);
  }
}

void choose_font(cairo_t* c) {
  cairo_select_font_face(c, "DejaVu Sans Mono", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options,
                                    CAIRO_HINT_STYLE_NONE);  // hinting depends on the system's settings
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(c, options);
  cairo_font_options_destroy(options);
  cairo_set_font_size(c, 1000);
  for (const char* letter : {"I", "W"}) {
    cairo_text_extents_t extents;
    cairo_text_extents(c, letter, &extents);
    if (std::abs(extents.x_advance - 1000 * kAdvance) > 1.0) {
      throw DataError(
          "synth: the font DejaVu Sans Mono Bold was not found by fontconfig, another one was offered. "
          "Install it "
          "(Debian: fonts-dejavu-core).");
    }
  }
}

void check(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS)
    throw InternalError(std::string("synth: Cairo: ") + cairo_status_to_string(status));
}

std::string compress(const unsigned char* pixels, int stride) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  errors.error_exit = [](j_common_ptr info) {
    std::array<char, JMSG_LENGTH_MAX> line{};
    info->err->format_message(info, line.data());
    throw InternalError(std::string("synth: libjpeg: ") + line.data());
  };
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = jpeg.image_height = kPicture;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kQuality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  std::array<JSAMPLE, kPicture * 3> row{};
  for (int y = 0; y < kPicture; ++y) {
    const auto* line = pixels + y * stride;
    for (std::size_t x = 0; x < kPicture;
         ++x) {  // Cairo's RGB24 is blue, green, red, unused on this byte order
      for (std::size_t channel = 0; channel < 3; ++channel) row[3 * x + channel] = line[4 * x + 2 - channel];
    }
    JSAMPROW rows[1] = {row.data()};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  jpeg_destroy_compress(&jpeg);
  std::free(buffer);
  return bytes;
}

}  // namespace

std::string draw_jpeg(const Scene& scene) {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, kPicture, kPicture));
  const Context context(cairo_create(surface.get()));
  cairo_t* c = context.get();
  cairo_set_source_rgb(c, scene.background[0] / 255.0, scene.background[1] / 255.0,
                       scene.background[2] / 255.0);
  cairo_paint(c);
  for (const auto& object : scene.objects) draw_object(c, object);
  choose_font(c);
  for (const auto& word : scene.words) draw_word(c, word, word.legible ? scene.ink / 255.0 : 0.6);
  check(cairo_status(c));
  cairo_surface_flush(surface.get());
  return compress(cairo_image_surface_get_data(surface.get()), cairo_image_surface_get_stride(surface.get()));
}

}  // namespace hones::benchmark
