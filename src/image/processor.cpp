#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/shown.hpp>
#include <hones/image/processor.hpp>

#include "codec.hpp"

namespace hones::image {

namespace {

using nlohmann::json;

constexpr int kMaxSide = 1 << 13;

// One settings object; complaints name the file and the setting.
class Settings {
 public:
  Settings(const json& object, std::string place) : object_(object), place_(std::move(place)) {}

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    throw DataError(place_ + ": " + name + " " + what);
  }
  const json* find(const char* name) const {
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  // A step that this pipeline always does.
  void required(const char* name) const {
    const json* value = find(name);
    if (value != nullptr && (!value->is_boolean() || !value->get<bool>()))
      fail(name, "is not true; that is not supported");
  }
  void unsupported(const char* name) const {
    const json* value = find(name);
    if (value != nullptr && (!value->is_boolean() || value->get<bool>()))
      fail(name, "is not false; that is not supported");
  }
  int side(const json& value, const char* name) const {
    if (!value.is_number_integer() || value < 1 || value > kMaxSide) {
      fail(name, "is not an integer from 1 to " + std::to_string(kMaxSide));
    }
    return value.get<int>();
  }
  double number(const json& value, const char* name) const {
    if (!value.is_number() || !std::isfinite(value.get<double>())) fail(name, "is not a number");
    return value.get<double>();
  }
  void three(const char* name, std::array<double, 3>& target) const {
    const json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->size() != 3) fail(name, "is not a list of three numbers");
    for (std::size_t c = 0; c < 3; ++c) target[c] = number((*value)[c], name);
  }

 private:
  const json& object_;
  std::string place_;
};

json parse(const std::filesystem::path& file) {
  try {
    return json::parse(read_file(file));
  } catch (const json::exception& error) {
    throw DataError(file.string() + ": is not valid JSON: " + without_label(error.what()));
  }
}

ProcessorConfig read(const Settings& settings) {
  ProcessorConfig config;
  // What the CLIP image processor takes where the file is silent.
  config.shortest_edge = config.crop_width = config.crop_height = 224;
  for (const char* step : {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"}) {
    settings.required(step);
  }
  settings.unsupported("do_pad");
  if (const json* resample = settings.find("resample"); resample && *resample != 3) {
    settings.fail("resample", "is " + hones::shown(*resample) + "; only 3 (bicubic) is supported");
  }
  if (const json* size = settings.find("size")) {
    if (size->is_object() && size->contains("shortest_edge") && size->size() == 1) {
      config.shortest_edge = settings.side((*size)["shortest_edge"], "size.shortest_edge");
    } else if (size->is_number()) {
      config.shortest_edge = settings.side(*size, "size");
    } else {
      settings.fail("size", "is not {\"shortest_edge\": N}");
    }
  }
  if (const json* crop = settings.find("crop_size")) {
    if (crop->is_object() && crop->contains("height") && crop->contains("width")) {
      config.crop_height = settings.side((*crop)["height"], "crop_size.height");
      config.crop_width = settings.side((*crop)["width"], "crop_size.width");
    } else if (crop->is_number()) {
      config.crop_height = config.crop_width = settings.side(*crop, "crop_size");
    } else {
      settings.fail("crop_size", "is not {\"height\": H, \"width\": W}");
    }
  }
  if (const json* factor = settings.find("rescale_factor"))
    config.rescale = settings.number(*factor, "rescale_factor");
  settings.three("image_mean", config.mean);
  settings.three("image_std", config.std);
  for (const double deviation : config.std) {
    if (!(deviation > 0)) settings.fail("image_std", "has an entry that is not positive");
  }
  return config;
}

}  // namespace

ProcessorConfig read_processor(const std::filesystem::path& checkpoint) {
  std::filesystem::path file = checkpoint / "preprocessor_config.json";
  const bool own_file = std::filesystem::exists(file);
  if (!own_file) file = checkpoint / "processor_config.json";
  if (!std::filesystem::exists(file)) {
    throw DataError(checkpoint.string() + ": has neither preprocessor_config.json nor processor_config.json");
  }
  const json document = parse(file);
  if (own_file) {
    if (!document.is_object()) throw DataError(file.string() + ": is not a JSON object");
    return read(Settings(document, file.string()));
  }
  if (!document.is_object() || !document.contains("image_processor") ||
      !document["image_processor"].is_object()) {
    throw DataError(file.string() +
                    ": has no object image_processor, and there is no preprocessor_config.json");
  }
  return read(Settings(document["image_processor"], file.string() + ": image_processor"));
}

Image resized_and_cropped(const Image& image, const ProcessorConfig& config) {
  Image padded;
  const Image* source = &image;
  if (config.pad_to_square) {
    padded = pad_to_square(image, {122, 116, 104});  // the mean colour, as the original LLaVA code writes it
    source = &padded;
  }
  const int shorter = std::min(source->width, source->height),
            longer = std::max(source->width, source->height);
  HONES_ASSERT(shorter >= 1, "an empty picture");
  // Multiply, divide in double, cut: the order matters for the last pixel.
  const double scaled = static_cast<double>(std::int64_t{config.shortest_edge} * longer) / shorter;
  if (scaled * config.shortest_edge > static_cast<double>(kMaxPixels)) {
    throw DataError("a picture of " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                    " pixels is too narrow to be resized to a shorter side of " +
                    std::to_string(config.shortest_edge));
  }
  const int long_side = static_cast<int>(scaled);
  const bool upright = source->width <= source->height;
  const Image resized = resize_bicubic(*source, upright ? config.shortest_edge : long_side,
                                       upright ? long_side : config.shortest_edge, config.order);
  return centre_crop(resized, config.crop_width, config.crop_height);
}

std::vector<float> pixel_values(const Image& image, const ProcessorConfig& config) {
  const Image picture = resized_and_cropped(image, config);
  // 256 values a channel, computed as numpy does: double product rounded to float, then float arithmetic.
  std::array<std::array<float, 256>, 3> table{};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto mean = static_cast<float>(config.mean[c]), std = static_cast<float>(config.std[c]);
    for (std::size_t value = 0; value < 256; ++value) {
      table[c][value] = (static_cast<float>(static_cast<double>(value) * config.rescale) - mean) / std;
    }
  }
  const std::size_t pixels = picture.rgb.size() / 3;
  std::vector<float> values(picture.rgb.size());
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < pixels; ++i) values[c * pixels + i] = table[c][picture.rgb[3 * i + c]];
  }
  return values;
}

}  // namespace hones::image
