#include <cstdio>

#include <hones/base/file.hpp>
#include <hones/sweep/rank.hpp>

#include "app/commands.hpp"

namespace hones::app {

void rank(const settings::Settings& settings) {
  sweep::RankOptions options;
  options.folder = settings.path("rank.folder");
  options.out = settings.given("rank.out") ? settings.path("rank.out") : options.folder / "rank";
  // What is not given stays as the run in the folder had it.
  if (settings.given("ranking.top_k")) options.top_k = settings.integer("ranking.top_k");
  if (settings.given("ranking.neuron_mode")) options.neuron_mode = settings.text("ranking.neuron_mode");
  if (settings.given("ranking.weights")) options.weights = settings.text("ranking.weights");
  if (settings.given("ranking.neuron_share")) options.neuron_share = settings.real("ranking.neuron_share");
  const std::string summary = sweep::rank(options);
  write_file(options.out / "settings.toml", settings.to_toml());
  std::fputs(summary.c_str(), stdout);
}

}  // namespace hones::app
