#include <algorithm>
#include <cstdio>

#include <hones/base/file.hpp>
#include <hones/results/rank.hpp>

#include "app/commands.hpp"

namespace hones::app {

namespace {

// What is not given stays as the run in the folder had it.
results::RankOptions options_of(const settings::Settings& settings) {
  results::RankOptions options;
  options.folder = settings.path("rank.folder");
  options.out = settings.path("rank.out");
  options.benchmark = settings.path("rank.benchmark");
  if (settings.given("ranking.top_k")) {
    options.top_k = settings.integer("ranking.top_k");
    options.top_k_source = settings.source("ranking.top_k");
  }
  if (settings.given("ranking.neuron_mode"))
    options.neuron_mode = settings.chosen<choice::NeuronMode>("ranking.neuron_mode");
  if (settings.given("ranking.weights"))
    options.weights = settings.chosen<choice::HeadWeights>("ranking.weights");
  if (settings.given("ranking.neuron_share")) options.neuron_share = settings.real("ranking.neuron_share");
  return options;
}

// With everything that was in force, also what came from the run.
settings::Settings in_force(settings::Settings settings, const results::RankReport& report) {
  const auto set = [&](const char* key, settings::Value value) {
    settings.set(*settings::find(key), std::move(value), "the run");
  };
  set("rank.out", report.out.string());
  set("ranking.top_k", std::max<std::int64_t>(1, report.top_k));  // 0 where no head has a valid cell
  set("ranking.neuron_mode", choice::word(report.neuron_mode));
  set("ranking.weights", choice::word(report.weights));
  set("ranking.neuron_share", report.neuron_share);
  return settings;
}

}  // namespace

void rank(const settings::Settings& settings) {
  const results::RankReport report = results::rank(options_of(settings));
  write_file(report.out / "settings.toml", in_force(settings, report).to_toml());
  std::fputs(report.summary.c_str(), stdout);
}

}  // namespace hones::app
