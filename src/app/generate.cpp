#include <cstdio>

#include <hones/base/error.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/model/generate.hpp>

#include "app/commands.hpp"
#include "app/settings/neuron_set.hpp"

namespace hones::app {

void generate(const settings::Settings& settings) {
  model::GenerateOptions options;
  options.image = settings.path("generate.image");
  options.prompt = settings.text("generate.prompt");
  options.raw_prompt = settings.boolean("generate.raw_prompt");
  if (options.image.empty() && !options.raw_prompt) {
    throw UsageError(
        "generate needs --image (generate.image) unless --raw-prompt: the chat form holds a picture");
  }
  const checkpoint::ModelLocation model =
      checkpoint::locate_model(settings.text("model.path"), settings.text("model.revision"));
  options.model = model.folder;
  options.snapshot = model.snapshot;
  options.allow_special_in_text = settings.boolean("generate.allow_special_in_text");
  options.max_new_tokens = settings.integer("answer.max_new_tokens");
  options.replace_heads = settings.list("generate.replace_heads");
  options.op = settings.text("intervention.operator");
  options.sigma = settings.real("intervention.sigma");
  options.seed = static_cast<std::uint64_t>(settings.integer("run.seed"));
  options.mask_neurons = settings.path("generate.mask_neurons");
  if (!options.mask_neurons.empty()) options.masked = settings::read_neuron_set(options.mask_neurons);
  options.json = settings.boolean("generate.json");
  options.dump = settings.path("generate.dump");
  options.dtype = settings.text("model.dtype");
  options.device = settings.text("model.device");
  options.threads = settings.integer("model.threads");
  std::string text = model::generate(options);
  if (text.empty() || text.back() != '\n') text += '\n';
  std::fputs(text.c_str(), stdout);
}

}  // namespace hones::app
