#include <algorithm>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/results/outputs.hpp>
#include <hones/results/rank.hpp>
#include <hones/results/run_settings.hpp>
#include <hones/store/discovery_file.hpp>

namespace hones::results {

namespace {

using Json = nlohmann::ordered_json;

struct Choices {
  attribution::HeadOptions heads;
  attribution::NeuronOptions neurons;
};

// The largest number of heads whose sums a task keeps.
std::int64_t most_stored(const store::DiscoveryContents& contents) {
  std::size_t most = 0;
  for (const store::TaskContents& task : contents.tasks) most = std::max(most, task.sums.heads.size());
  return static_cast<std::int64_t>(most);
}

// Like discover, a K of the run itself is cut to the heads that there are; one asked for now is not.
Choices choices_in_force(const RankOptions& options, const store::DiscoveryContents& contents,
                         const std::filesystem::path& file) {
  const RunSettings run(contents.header.settings_json, file);
  const std::int64_t stored = most_stored(contents);
  if (options.top_k.value_or(stored) > stored) {
    throw UsageError(options.top_k_source + ": ranking.top_k = " + std::to_string(*options.top_k) +
                     ": expected at most " + std::to_string(stored) + ", the heads whose sums " +
                     file.string() + " keeps; or run discover with a larger --stored-heads");
  }
  Choices choices;
  choices.heads.top_k = std::min(options.top_k.value_or(run.get<std::int64_t>("ranking.top_k")), stored);
  choices.heads.seed = run.get<std::uint64_t>("run.seed");
  choices.heads.resamples = run.get<std::int64_t>("discover.bootstrap_resamples");
  choices.heads.caption_importance = run.chosen<choice::CaptionBleu>("discover.caption_importance");
  choices.neurons.top_k = choices.heads.top_k;
  choices.neurons.weights = options.weights.value_or(run.chosen<choice::HeadWeights>("ranking.weights"));
  choices.neurons.mode = options.neuron_mode.value_or(run.chosen<choice::NeuronMode>("ranking.neuron_mode"));
  choices.neurons.share = options.neuron_share.value_or(run.get<double>("ranking.neuron_share"));
  return choices;
}

// What made the cells is told by the run's own file; only the settings of this ranking are new.
Json told_by_run(const std::filesystem::path& folder, const std::string& task) {
  const std::filesystem::path file = folder / ("rankings." + task + ".json");
  return object_in(read_file(file), file.string());
}

void check_out(const std::filesystem::path& out) {
  const std::string named = "--out " + out.string();
  std::error_code ignored;
  if (std::filesystem::exists(out / "discovery.h5", ignored)) {
    throw UsageError(named +
                     " is the folder of a run (it holds discovery.h5), whose tables and settings would be "
                     "replaced; name another folder");
  }
  check_output_folder(named, out);
}

TaskOutput ranked(store::TaskContents task, const Choices& choices) {
  TaskOutput output;
  output.cells = std::move(task.cells);
  output.counts = table::counts_of(output.cells, table::kNoCount);
  output.sums = std::move(task.sums);
  output.heads = attribution::head_tables(output.cells, output.counts, choices.heads);
  output.neurons = attribution::neuron_tables(output.sums, output.cells.shape, output.heads.importance,
                                              choices.neurons, output.fell_back);
  return output;
}

}  // namespace

RankReport rank(const RankOptions& options) {
  const std::filesystem::path file = options.folder / "discovery.h5";
  store::DiscoveryContents contents = store::read_discovery(file);
  if (!options.benchmark.empty()) {
    const std::string split =
        RunSettings(contents.header.settings_json, file).get<std::string>("benchmark.split");
    benchmark::require_digest(benchmark::load(options.benchmark, split), contents.header.benchmark_digest,
                              file.string());
  }
  const Choices choices = choices_in_force(options, contents, file);
  RankReport report;
  report.out = options.out.empty() ? options.folder / "rank" : options.out;
  check_out(report.out);
  std::vector<Json> told;
  for (const store::TaskContents& task : contents.tasks)
    told.push_back(told_by_run(options.folder, task.cells.task));

  make_output_folder("--out " + report.out.string(), report.out);
  for (std::size_t t = 0; t < told.size(); ++t) {
    const TaskOutput output = ranked(std::move(contents.tasks[t]), choices);
    told[t]["ranking"] = {{"top_k", output.heads.top.size()},
                          {"weights", choice::word(choices.neurons.weights)},
                          {"neuron_mode", choice::word(choices.neurons.mode)},
                          {"neuron_share", choices.neurons.share}};
    write_task_files(report.out, output, told[t]);
    report.top_k = std::max(report.top_k, static_cast<std::int64_t>(output.heads.top.size()));
    report.summary += describe_task(output) + "\n";
  }
  report.neuron_mode = choices.neurons.mode;
  report.weights = choices.neurons.weights;
  report.neuron_share = choices.neurons.share;
  report.summary += "written to " + report.out.string() + "\n";
  return report;
}

}  // namespace hones::results
