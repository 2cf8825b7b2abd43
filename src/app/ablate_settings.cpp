#include "app/ablate_settings.hpp"

#include <algorithm>

#include <hones/base/error.hpp>

#include "app/neuron_set.hpp"
#include "app/settings/number.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

// A set's strategy is its file's name without the ending, or the file and dataset as they were given.
std::string name_of_set(const std::string& where) {
  if (where.find(".h5:") != std::string::npos) {
    const std::size_t dataset = where.find(".h5:") + 4;
    return std::filesystem::path(where.substr(0, dataset - 1)).filename().string() + ":" +
           where.substr(dataset);
  }
  return std::filesystem::path(where).stem().string();
}

std::vector<results::NamedSet> sets_of(const settings::Settings& settings) {
  std::vector<results::NamedSet> sets;
  for (const std::string& where : settings.list("ablate.sets")) {
    results::NamedSet& set = sets.emplace_back(results::NamedSet{name_of_set(where), {}});
    if (set.name.find_first_of(",\"\n\r") != std::string::npos)
      settings.refuse("ablate.sets", "a file name without commas and quotes: it becomes a column of a CSV");
    for (const auto& [layer, neuron] : read_neuron_set(where)) {
      // Beyond these no model has any, and they are refused by their number.
      constexpr std::int64_t kMost = 1'000'000'000;
      set.neurons.push_back({static_cast<std::int32_t>(std::min(layer, kMost)),
                             static_cast<std::int32_t>(std::min(neuron, kMost))});
    }
    const auto same = [&](const results::NamedSet& other) { return other.name == set.name; };
    if (std::count_if(sets.begin(), sets.end(), same) > 1 ||
        std::find(results::kStrategies.begin(), results::kStrategies.end(), set.name) !=
            results::kStrategies.end() ||
        set.name == "heads")
      settings.refuse("ablate.sets",
                      "files of different names, none of them a strategy's; " + set.name + " is taken");
  }
  return sets;
}

}  // namespace

sweep::AblateOptions ablate_options(const settings::Settings& settings) {
  sweep::AblateOptions options;
  options.run = sweep_options(settings);
  options.run.selection.split = settings.text("ablate.split");
  options.run.selection.instances = settings.integer("ablate.instances");
  options.run.selection.queries = settings.integer("ablate.queries");
  options.run.engine.heads.clear();
  results::AblationChoice& masked = options.masked;
  masked.discovery = settings.path("ablate.discovery");
  masked.strategies = settings.list("ablate.strategies");
  if (masked.strategies == std::vector<std::string>{"none"}) masked.strategies.clear();
  if (std::find(masked.strategies.begin(), masked.strategies.end(), "none") != masked.strategies.end())
    settings.refuse("ablate.strategies", "none alone, or strategies without it");
  masked.budgets =
      settings::numbers<double>(settings, "ablate.budgets", 0, 1, "shares from 0 to 1 between commas");
  masked.head_budgets = settings::numbers<std::int64_t>(settings, "ablate.head_budgets", 0, 1'000'000'000,
                                                        "numbers of heads between commas");
  masked.sets = sets_of(settings);
  masked.random_seeds = settings.integer("ablate.random_seeds");
  options.caption_metric = settings.chosen<choice::CaptionBleu>("ablate.caption_metric");
  if (settings.given("ranking.top_k")) masked.top_k = settings.integer("ranking.top_k");
  if (settings.given("ranking.weights"))
    masked.weights = settings.chosen<choice::HeadWeights>("ranking.weights");
  return options;
}

void check_no_discovery(const std::filesystem::path& out) {
  std::error_code ignored;
  if (!std::filesystem::exists(out / "discovery.h5", ignored)) return;
  throw UsageError("--out " + out.string() +
                   " is the folder of a discover run (it holds discovery.h5); name another folder");
}

}  // namespace hones::app
