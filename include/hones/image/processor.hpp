// A checkpoint's image processor: picture -> pixel values.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include <hones/image/image.hpp>

namespace hones::image {

struct ProcessorConfig {
  int shortest_edge = 336;
  int crop_width = 336;
  int crop_height = 336;
  double rescale = 0.00392156862745098;
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};
  bool pad_to_square = false;  // option of this program, off by default
  ResizeOrder order = ResizeOrder::horizontal;
};

// Reads preprocessor_config.json, or the object image_processor of processor_config.json, of a checkpoint
// folder (docs/models.md 4.3). Throws DataError for a missing file or a step that is not supported (resample
// other than 3, ...).
ProcessorConfig read_processor(const std::filesystem::path& checkpoint);

// float32 [3, crop_height, crop_width], C order, normalised as the PIL backend does (docs/models.md 4.5).
std::vector<float> pixel_values(const Image& image, const ProcessorConfig& config);

// The 8-bit picture just before rescaling, for fixtures and previews.
Image resized_and_cropped(const Image& image, const ProcessorConfig& config);

}  // namespace hones::image
