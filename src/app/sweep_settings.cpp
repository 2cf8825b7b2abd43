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

engine::Options engine_options(const settings::Settings& settings) {
  engine::Options options;
  set_arithmetic(settings, options);
  for (const auto& [layer, head] : settings.heads("discover.heads")) options.heads.push_back({layer, head});
  options.prompts = settings.chosen<choice::Prompts>("discover.prompts");
  options.pictures = pictures_of(settings);
  options.open_target_join = settings.chosen<choice::TargetJoin>("discover.open_target_join");
  options.form = settings.chosen<choice::Form>("engine.form");
  options.resume = settings.boolean("engine.resume");
  options.tree = settings.boolean("engine.tree");
  options.verify = settings.boolean("engine.verify");
  options.tile_positions = settings.integer("engine.tile_positions");
  return options;
}

results::Ranking ranking_of(const settings::Settings& settings) {
  results::Ranking ranking;
  ranking.top_k = settings.integer("ranking.top_k");
  ranking.stored_heads = settings.integer("ranking.stored_heads");
  ranking.rand_head_seeds = settings.integer("ranking.rand_head_seeds");
  ranking.neuron_share = settings.real("ranking.neuron_share");
  ranking.neuron_mode = settings.chosen<choice::NeuronMode>("ranking.neuron_mode");
  ranking.weights = settings.chosen<choice::HeadWeights>("ranking.weights");
  ranking.caption_importance = settings.chosen<choice::CaptionBleu>("discover.caption_importance");
  ranking.bootstrap_resamples = settings.integer("discover.bootstrap_resamples");
  return ranking;
}

sweep::Selection selection_of(const settings::Settings& settings) {
  sweep::Selection selection;
  selection.known_tasks = known_tasks(settings);
  check_tasks(settings, selection.known_tasks);
  selection.tasks = in_known_order(settings.list("discover.tasks"), selection.known_tasks);
  set_model(settings, selection);
  selection.model_name = settings.text("model.path");
  selection.benchmark = settings.path("benchmark.path");
  selection.split = settings.text("benchmark.split");
  selection.instances = settings.integer("discover.instances");
  selection.queries = settings.integer("discover.queries");
  return selection;
}

sweep::Job job_of(const settings::Settings& settings) {
  sweep::Job job;
  job.max_bad = settings.real("discover.max_bad");
  job.restart = settings.boolean("discover.restart");
  job.accept_environment = settings.boolean("discover.accept_environment");
  job.unit_instances = settings.integer("units.instances");
  job.unit_layers = settings.integer("units.layers");
  job.grant_seed = settings.integer("units.grant_seed");
  job.deadline_seconds = settings.real("units.stage_timeout");
  job.end_reserve = settings.real("discover.end_reserve");
  job.checkpoint_seconds = 60 * settings.real("discover.checkpoint_minutes");
  job.settings_json = settings.to_json();
  job.all_settings_json = settings.all_to_json();
  job.settings_toml = settings.to_toml();
  return job;
}

sweep::Options sweep_options(const settings::Settings& settings) {
  return {selection_of(settings), engine_options(settings), ranking_of(settings), job_of(settings)};
}

}  // namespace hones::app
