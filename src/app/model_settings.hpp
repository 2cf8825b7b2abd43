// What every command that runs a model is told of it: the fields that the options of `generate` and of sweeps
// share by name.
#pragma once

#include <hones/checkpoint/model_folder.hpp>
#include <hones/choice/choices.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

// Throws DataError when the model is not found.
template <typename Options>
void set_model(const settings::Settings& settings, Options& options) {
  checkpoint::ModelLocation model =
      checkpoint::locate_model(settings.text("model.path"), settings.text("model.revision"));
  options.model = std::move(model.folder);
  options.snapshot = std::move(model.snapshot);
}

// Number format, device, threads, operator, seed and answer length.
template <typename Options>
void set_arithmetic(const settings::Settings& settings, Options& options) {
  options.dtype = settings.chosen<choice::NumberFormat>("model.dtype");
  options.device = settings.chosen<choice::Device>("model.device");
  options.threads = settings.integer("model.threads");
  options.op = settings.chosen<choice::Operator>("intervention.operator");
  options.sigma = settings.real("intervention.sigma");
  options.seed = static_cast<std::uint64_t>(settings.integer("run.seed"));
  options.max_new_tokens = settings.integer("answer.max_new_tokens");
}

}  // namespace hones::app
