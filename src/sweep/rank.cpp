#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/sweep/outputs.hpp>
#include <hones/sweep/rank.hpp>

namespace hones::sweep {

namespace {

template <typename T>
T setting(const nlohmann::json& settings, const std::string& key, const std::filesystem::path& file) {
  const auto found = settings.find(key);
  if (found == settings.end()) throw DataError(file.string() + ": settings_json has no '" + key + "'");
  return found->get<T>();
}

// Blocks of the file (one an instance) as one dense array.
std::vector<std::uint16_t> dense_bleu(const table::TaskCells& cells) {
  if (!cells.bleu) return {};
  std::vector<std::uint16_t> bleu(
      static_cast<std::size_t>(cells.size() * cells.shape.columns()) * table::kBleuCounts, 65535);
  for (const table::CellBlock& block : cells.own) {
    std::copy(block.bleu.begin(), block.bleu.end(),
              bleu.begin() +
                  static_cast<std::ptrdiff_t>(cells.at(block.instance, block.begin) * table::kBleuCounts));
  }
  return bleu;
}

}  // namespace

std::string rank(const RankOptions& options) {
  const std::filesystem::path file = options.folder / "discovery.h5";
  store::DiscoveryContents contents = store::read_discovery(file);
  const auto settings = nlohmann::json::parse(contents.header.settings_json);
  const std::filesystem::path out = options.out.empty() ? options.folder / "rank" : options.out;
  std::filesystem::create_directories(out);

  attribution::HeadOptions heads;
  heads.top_k = options.top_k.value_or(setting<std::int64_t>(settings, "ranking.top_k", file));
  heads.seed = setting<std::uint64_t>(settings, "run.seed", file);
  heads.resamples = setting<std::int64_t>(settings, "discover.bootstrap_resamples", file);
  heads.caption_importance = setting<std::string>(settings, "discover.caption_importance", file);
  attribution::NeuronOptions neurons;
  neurons.top_k = heads.top_k;
  neurons.weights = options.weights.value_or(setting<std::string>(settings, "ranking.weights", file));
  neurons.mode = options.neuron_mode.value_or(setting<std::string>(settings, "ranking.neuron_mode", file));
  neurons.share = options.neuron_share.value_or(setting<double>(settings, "ranking.neuron_share", file));

  std::string text;
  for (store::TaskContents& task : contents.tasks) {
    TaskOutput output;
    output.cells = std::move(task.cells);
    output.bleu = dense_bleu(output.cells);
    output.sums = std::move(task.sums);
    const auto stored = static_cast<std::int64_t>(output.sums.heads.size());
    if (heads.top_k > stored) {
      throw UsageError("--top-k " + std::to_string(heads.top_k) + ": " + file.string() +
                       " keeps the sums of " + std::to_string(stored) + " heads of " + output.cells.task +
                       "; use at most that, or run discover with a larger --stored-heads");
    }
    output.heads = attribution::head_tables(output.cells, output.bleu, heads);
    output.neurons = attribution::neuron_tables(output.sums, output.cells.shape, output.heads.importance,
                                                neurons, output.fell_back);
    // What made the cells is told by the run's own file; only the settings of this ranking are new.
    const std::filesystem::path told = options.folder / ("rankings." + output.cells.task + ".json");
    auto provenance = nlohmann::ordered_json::parse(read_file(told));
    provenance["ranking"] = {{"top_k", heads.top_k},
                             {"weights", neurons.weights},
                             {"neuron_mode", neurons.mode},
                             {"neuron_share", neurons.share}};
    write_task_files(out, output, provenance);
    text += describe_task(output) + "\n";
  }
  return text + "written to " + out.string() + "\n";
}

}  // namespace hones::sweep
