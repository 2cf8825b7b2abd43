// What is done to pictures before a model or people see them, as the command line says it.
#pragma once

#include <optional>
#include <vector>

#include <hones/task/task.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

inline task::Pictures pictures_of(const settings::Settings& settings) {
  return {image::stroke_from(settings.text("pictures.box_stroke")),
          image::text_mask_from(settings.text("pictures.mask_text"))};
}

// Scene text of one picture, named by hand.
struct TextRegions {
  std::vector<image::Box> boxes;
  std::vector<image::Polygon> polygons;  // one a box
};

// "X,Y,W,H" of a text setting; none where it is empty. Throws UsageError naming the setting.
std::optional<image::Box> box_of(const settings::Settings& settings, const std::string& key);
// Regions between semicolons: four numbers are a box, six and more the corners of a polygon. Throws
// UsageError naming the setting.
TextRegions regions_of(const settings::Settings& settings, const std::string& key);

}  // namespace hones::app
