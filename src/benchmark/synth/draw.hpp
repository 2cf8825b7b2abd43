// Pixels of a scene.
#pragma once

#include <string>

#include "scene.hpp"

namespace hones::benchmark {

// Draws with Cairo and compresses as JPEG, quality 95. The font is DejaVu Sans Mono Bold: another would
// change boxes and letters, so its absence is a DataError that says what to install.
std::string draw_jpeg(const Scene& scene);

}  // namespace hones::benchmark
