// One prompt, one picture, with and without interventions: the words and the JSON of `hones_mpi generate`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/image/image.hpp>

namespace hones::app {

struct OnePrompt {
  std::filesystem::path model;  // checkpoint folder (already located)
  std::string snapshot;
  std::filesystem::path image;    // empty: text only (raw prompt without image token)
  std::optional<image::Box> box;  // drawn in blue (docs/benchmark.md 2.6)
  image::Stroke stroke = image::Stroke::centred;
  image::TextMask text_mask = image::TextMask::none;  // of these places (2.7)
  std::vector<image::Box> text_boxes;
  std::vector<image::Polygon> text_polygons;
  std::string prompt;
  bool raw_prompt = false;
  bool allow_special_in_text = false;
  std::int64_t max_new_tokens = 0;
  std::vector<std::string> replace_heads;  // "L:H"
  choice::Operator op{};
  double sigma = 0;
  std::uint64_t seed = 0;
  std::filesystem::path mask_neurons;  // CSV layer,neuron or file.h5:/path (read by the caller)
  std::vector<std::pair<std::int64_t, std::int64_t>>
      masked;  // (layer, neuron), filled by the caller from mask_neurons
  bool json = false;
  std::filesystem::path dump;  // FILE.safetensors; empty: none
  choice::NumberFormat dtype{};
  choice::Device device{};
  std::int64_t threads = 0;
};

// Returns what goes to standard output (the answer, or the JSON object of docs/outputs.md).
std::string answer_text(const OnePrompt& options);

}  // namespace hones::app
