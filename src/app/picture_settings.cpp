#include "app/picture_settings.hpp"

#include <cmath>
#include <sstream>

#include "app/settings/number.hpp"

namespace hones::app {

namespace {

// Numbers between commas; nothing where a word is none.
std::optional<std::vector<double>> numbers_in(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    const auto number = settings::number_from<double>(word);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

image::Box bounds(const image::Polygon& polygon) {
  double x0 = polygon[0][0], y0 = polygon[0][1], x1 = x0, y1 = y0;
  for (const auto& [x, y] : polygon) {
    x0 = std::min(x0, x), y0 = std::min(y0, y), x1 = std::max(x1, x), y1 = std::max(y1, y);
  }
  return {x0, y0, x1 - x0, y1 - y0};
}

}  // namespace

std::optional<image::Box> box_of(const settings::Settings& settings, const std::string& key) {
  if (settings.text(key).empty()) return std::nullopt;
  const auto numbers = numbers_in(settings.text(key));
  if (!numbers || numbers->size() != 4) settings.refuse(key, "X,Y,WIDTH,HEIGHT in pixels");
  return image::Box{(*numbers)[0], (*numbers)[1], (*numbers)[2], (*numbers)[3]};
}

TextRegions regions_of(const settings::Settings& settings, const std::string& key) {
  TextRegions regions;
  std::istringstream in(settings.text(key));
  for (std::string word; std::getline(in, word, ';');) {
    const auto numbers = numbers_in(word);
    if (!numbers || numbers->size() < 4 || numbers->size() % 2 != 0) {
      settings.refuse(key,
                      "X,Y,WIDTH,HEIGHT of a box or X1,Y1,X2,Y2,X3,Y3,... of a polygon, in pixels, "
                      "several between semicolons");
    }
    image::Polygon polygon;
    for (std::size_t i = 0; numbers->size() > 4 && i < numbers->size(); i += 2)
      polygon.push_back({(*numbers)[i], (*numbers)[i + 1]});
    regions.boxes.push_back(polygon.empty()
                                ? image::Box{(*numbers)[0], (*numbers)[1], (*numbers)[2], (*numbers)[3]}
                                : bounds(polygon));
    regions.polygons.push_back(std::move(polygon));
  }
  return regions;
}

}  // namespace hones::app
