// Drawing of a contact sheet with Cairo.
#include <algorithm>
#include <cstring>
#include <memory>

#include <cairo.h>

#include <hones/base/error.hpp>
#include <hones/preview/preview.hpp>

namespace hones::preview {

namespace {

constexpr std::size_t kColumns = 4;
constexpr int kPicture = 300, kGap = 12, kHeading = 30;  // pixels
constexpr double kFont = 12, kLine = 15, kTitleFont = 10;
constexpr std::size_t kMostLines = 12;

struct Ink {
  double r, g, b;
};
constexpr Ink kBlack{0, 0, 0}, kGrey{0.45, 0.45, 0.45}, kGreen{0, 0.4, 0.1}, kRed{0.75, 0, 0};

struct Delete {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
using Surface = std::unique_ptr<cairo_surface_t, Delete>;
using Context = std::unique_ptr<cairo_t, Delete>;

// The next character of UTF-8: its bytes.
std::size_t bytes_at(const std::string& text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}

double width_of(cairo_t* c, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(c, text.c_str(), &extents);
  return extents.x_advance;
}

// One line of text, no newline in it, as lines that fit: broken at blanks, and within words that are longer.
void wrap_line(cairo_t* c, const std::string& text, double width, std::vector<std::string>& lines) {
  std::string line;
  std::size_t last_blank = std::string::npos;  // in `line`
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = bytes_at(text, at);
    std::string next = text.substr(at, bytes);
    if (bytes == 1 && static_cast<unsigned char>(next[0]) < 0x20) next = " ";
    if (!line.empty() && width_of(c, line + next) > width) {
      const bool at_blank = last_blank != std::string::npos && next != " ";
      const std::string rest = at_blank ? line.substr(last_blank + 1) : "";
      lines.push_back(at_blank ? line.substr(0, last_blank) : line);
      line = rest;
      last_blank = std::string::npos;
      if (next == " ") next.clear();  // the break stands for it
    }
    if (next == " ") last_blank = line.size();
    line += next;
    at += bytes;
  }
  lines.push_back(line);
}

struct Paragraph {
  std::vector<std::string> lines;
  double font;
  Ink ink;
};

Paragraph paragraph(cairo_t* c, const std::string& text, double font, const Ink& ink) {
  Paragraph made{{}, font, ink};
  cairo_set_font_size(c, font);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    wrap_line(c, text.substr(begin, end - begin), kPicture, made.lines);
    begin = end + 1;
  }
  if (made.lines.size() > kMostLines) {
    made.lines.resize(kMostLines);
    made.lines.back() = "[...]";
  }
  return made;
}

std::vector<Paragraph> words_of(cairo_t* c, const Cell& cell) {
  std::vector<Paragraph> all{paragraph(c, cell.title, kTitleFont, kGrey)};
  if (!cell.problem.empty()) all.push_back(paragraph(c, cell.problem, kFont, kRed));
  all.push_back(paragraph(c, cell.prompt, kFont, kBlack));
  if (!cell.target.empty()) all.push_back(paragraph(c, cell.target, kFont, kGreen));
  return all;
}

double height_of(const std::vector<Paragraph>& words) {
  double height = 0;
  for (const Paragraph& part : words) height += kLine * static_cast<double>(part.lines.size()) + kLine / 3;
  return height;
}

void draw_words(cairo_t* c, const std::vector<Paragraph>& words, double x, double y) {
  for (const Paragraph& part : words) {
    cairo_set_font_size(c, part.font);
    cairo_set_source_rgb(c, part.ink.r, part.ink.g, part.ink.b);
    for (const std::string& line : part.lines) {
      y += kLine;
      cairo_move_to(c, x, y);
      cairo_show_text(c, line.c_str());
    }
    y += kLine / 3;
  }
}

// Cairo's RGB24 is blue, green, red, unused on this byte order.
Surface surface_of(const image::Image& picture) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture.width, picture.height));
  cairo_surface_flush(surface.get());
  unsigned char* pixels = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  const std::uint8_t* from = picture.rgb.data();
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x, from += 3) {
      unsigned char* to = pixels + y * stride + 4 * x;
      to[0] = from[2], to[1] = from[1], to[2] = from[0], to[3] = 0;
    }
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

image::Image image_of(cairo_surface_t* surface) {
  cairo_surface_flush(surface);
  image::Image image{cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface), {}};
  const unsigned char* pixels = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const unsigned char* from = pixels + y * stride + 4 * x;
      image.rgb.insert(image.rgb.end(), {from[2], from[1], from[0]});
    }
  }
  return image;
}

// As large as it fits into its square, pixels as they are: what a model sees is not smooth.
void draw_picture(cairo_t* c, const image::Image& picture, double x, double y) {
  const Surface surface = surface_of(picture);
  const double scale = double(kPicture) / std::max(picture.width, picture.height);
  cairo_save(c);
  cairo_translate(c, x, y);
  cairo_scale(c, scale, scale);
  cairo_set_source_surface(c, surface.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(c), scale >= 1 ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD);
  cairo_paint(c);
  cairo_restore(c);
}

void check(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS)
    throw InternalError(std::string("preview: Cairo: ") + cairo_status_to_string(status));
}

Context context_of(const Surface& surface) {
  Context context(cairo_create(surface.get()));
  cairo_select_font_face(context.get(), "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  return context;
}

}  // namespace

image::Image draw_sheet(const std::string& heading, const std::vector<Cell>& cells) {
  // Measured first: a row is as high as its longest text.
  const Surface scratch(cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1));
  const Context measure = context_of(scratch);
  std::vector<std::vector<Paragraph>> words;
  std::vector<double> row_heights;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    words.push_back(words_of(measure.get(), cells[i]));
    if (i % kColumns == 0) row_heights.push_back(0);
    row_heights.back() = std::max(row_heights.back(), kPicture + height_of(words.back()) + kGap);
  }
  check(cairo_status(measure.get()));
  double height = kHeading + kGap;
  for (const double row : row_heights) height += row;
  const int width = kGap + static_cast<int>(kColumns) * (kPicture + kGap);

  const Surface sheet(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, static_cast<int>(height)));
  const Context context = context_of(sheet);
  cairo_t* c = context.get();
  cairo_set_source_rgb(c, 1, 1, 1);
  cairo_paint(c);
  draw_words(c, {{{heading}, kFont + 4, kBlack}}, kGap, kGap / 2);
  double y = kHeading + kGap;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double x = kGap + static_cast<double>(i % kColumns) * (kPicture + kGap);
    if (!cells[i].picture.rgb.empty()) draw_picture(c, cells[i].picture, x, y);
    draw_words(c, words[i], x, y + kPicture);
    if (i % kColumns == kColumns - 1) y += row_heights[i / kColumns];
  }
  check(cairo_status(c));
  return image_of(sheet.get());
}

}  // namespace hones::preview
