#include <cstdio>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/family/family.hpp>
#include <hones/model/no_gradients.hpp>

#include "app/commands.hpp"
#include "app/model_settings.hpp"
#include "app/neuron_set.hpp"
#include "app/one_prompt.hpp"
#include "app/picture_settings.hpp"

namespace hones::app {

namespace {

// Everything that can be wrong without looking into the model.
void check_before_work(const settings::Settings& settings) {
  if (settings.path("generate.image").empty() && !settings.boolean("generate.raw_prompt")) {
    throw UsageError(
        "generate needs --image (generate.image) unless --raw-prompt: the chat form holds a picture");
  }
  const bool masks = settings.text("pictures.mask_text") != "none";
  const bool names_text = !settings.text("generate.text_regions").empty();
  if (masks && !names_text)
    settings.refuse("pictures.mask_text", "--text-regions beside it: where the text is");
  if (names_text && !masks)
    settings.refuse("generate.text_regions", "--mask-text beside it: how it is masked");
  if (settings.path("generate.image").empty()) {
    for (const char* key : {"generate.box", "generate.text_regions"}) {
      if (!settings.text(key).empty()) settings.refuse(key, "--image beside it: the picture it is drawn on");
    }
  }
  const std::filesystem::path dump = settings.path("generate.dump");
  if (!dump.empty()) check_output_file(settings.named("generate.dump"), dump);
}

void set_picture(const settings::Settings& settings, OnePrompt& options) {
  options.image = settings.path("generate.image");
  options.box = box_of(settings, "generate.box");
  TextRegions regions = regions_of(settings, "generate.text_regions");
  options.text_boxes = std::move(regions.boxes);
  options.text_polygons = std::move(regions.polygons);
  const task::Pictures pictures = pictures_of(settings);
  options.stroke = pictures.stroke;
  options.text_mask = pictures.text_mask;
}

void set_interventions(const settings::Settings& settings, OnePrompt& options) {
  options.replace_heads = settings.list("generate.replace_heads");
  options.mask_neurons = settings.path("generate.mask_neurons");
  if (!options.mask_neurons.empty()) options.masked = read_neuron_set(options.mask_neurons.string());
}

}  // namespace

void generate(const settings::Settings& settings) {
  check_before_work(settings);
  OnePrompt options;
  set_picture(settings, options);
  set_model(settings, options);
  set_arithmetic(settings, options);
  set_interventions(settings, options);
  options.prompt = settings.text("generate.prompt");
  options.raw_prompt = settings.boolean("generate.raw_prompt");
  options.allow_special_in_text = settings.boolean("generate.allow_special_in_text");
  options.json = settings.boolean("generate.json");
  options.dump = settings.path("generate.dump");
  if (!options.raw_prompt) {
    const std::string warning = family::family_of(options.model).chat_warning(options.model);
    if (!warning.empty()) log::warning(warning);
  }
  const model::NoGradients no_gradients;
  std::string text = answer_text(options);
  if (text.empty() || text.back() != '\n') text += '\n';
  std::fputs(text.c_str(), stdout);
}

}  // namespace hones::app
