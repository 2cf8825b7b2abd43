#include "app/sweep_settings.hpp"

#include <algorithm>

#include "app/model_settings.hpp"
#include "app/picture_settings.hpp"
#include "app/task_settings.hpp"

namespace hones::app {

namespace {

// The order in which tasks were typed must change no bit: theirs is that of the tasks' files.
std::vector<std::string> in_known_order(std::vector<std::string> names,
                                        const std::vector<task::Definition>& known) {
  const std::vector<std::string> order = task::names_of(known);
  const auto place = [&](const std::string& name) { return std::find(order.begin(), order.end(), name); };
  std::sort(names.begin(), names.end(),
            [&](const std::string& a, const std::string& b) { return place(a) < place(b); });
  return names;
}

}  // namespace

void set_what_is_computed(const settings::Settings& settings, engine::DiscoverOptions& options) {
  options.known_tasks = known_tasks(settings);
  check_tasks(settings, options.known_tasks);
  options.tasks = in_known_order(settings.list("discover.tasks"), options.known_tasks);
  set_model(settings, options);
  options.model_name = settings.text("model.path");
  options.benchmark = settings.path("benchmark.path");
  options.split = settings.text("benchmark.split");
  options.instances = settings.integer("discover.instances");
  options.queries = settings.integer("discover.queries");
  for (const auto& [layer, head] : settings.heads("discover.heads")) options.heads.push_back({layer, head});
  options.prompts = settings.text("discover.prompts");
  options.pictures = pictures_of(settings);
  options.caption_importance = settings.text("discover.caption_importance");
  options.open_target_join = settings.text("discover.open_target_join");
  options.top_k = settings.integer("ranking.top_k");
  options.stored_heads = settings.integer("ranking.stored_heads");
  options.rand_head_seeds = settings.integer("ranking.rand_head_seeds");
  options.neuron_share = settings.real("ranking.neuron_share");
  options.neuron_mode = settings.text("ranking.neuron_mode");
  options.weights = settings.text("ranking.weights");
  options.bootstrap_resamples = settings.integer("discover.bootstrap_resamples");
  options.engine = settings.text("engine.form");
  options.resume = settings.boolean("engine.resume");
  options.tree = settings.boolean("engine.tree");
  options.verify = settings.boolean("engine.verify");
  options.tile_positions = settings.integer("engine.tile_positions");
  options.max_bad = settings.real("discover.max_bad");
}

}  // namespace hones::app
