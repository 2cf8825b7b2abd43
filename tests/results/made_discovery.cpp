#include "results/made_discovery.hpp"

#include <limits>
#include <vector>

#include <hones/base/file.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/store/discovery_file.hpp>

namespace hones::test {

namespace {

constexpr table::Shape kShape{2, 2, 3};
const double kNan = std::numeric_limits<double>::quiet_NaN();

// One instance; `utility`: of the plain run and the heads 0:0, 0:1, 1:0.
table::TaskCells made_cells(const std::string& task, std::vector<double> utility) {
  table::TaskCells cells;
  cells.task = task;
  cells.metric = "vqa_accuracy:normalize_always";
  cells.shape = kShape;
  cells.answer_limit = 4;
  cells.instances = {{"COCO_1", "1", table::InstanceState::done, ""}};
  resize(cells);
  table::CellBlock block;
  block.states.assign(4, table::CellState::unchanged);
  block.states.push_back(table::CellState::not_asked);
  block.utility = std::move(utility);
  block.utility.push_back(kNan);
  block.answer_logprob = {-1, -1.5F, -1.25F, -3, std::numeric_limits<float>::quiet_NaN()};
  block.answers.resize(5);
  cells.own = {block};
  place_blocks(cells);
  return cells;
}

table::HeadTables made_heads(std::vector<double> importance) {
  table::HeadTables heads;
  heads.ci_low = heads.ci_high = heads.importance = std::move(importance);
  heads.answers_changed.assign(4, 0);
  heads.valid = {1, 1, 1, 0};
  heads.top = {{1, 0}};
  return heads;
}

std::vector<std::int64_t> in_quanta(const std::vector<int>& values, double scale) {
  std::vector<std::int64_t> quanta;
  for (const int value : values) quanta.push_back(static_cast<std::int64_t>(value * scale));
  return quanta;
}

table::NeuronSums made_sums() {
  table::NeuronSums sums = table::make_sums(kShape, {{1, 0}, {0, 1}}, 1);
  sums.valid = {1, 1};
  sums.head_drop_sum = in_quanta({0, 0, 0, 3, 1, 2, 3, 0, 1, 0, 2, 3}, sums.scale);
  sums.head_signed_sum = in_quanta({0, 0, 0, 1, 2, -4, 3, -1, 1, 0, 2, 3}, sums.scale);
  sums.plain_sum = in_quanta({6, 5, 1, 2, 3, 4}, sums.scale);
  sums.plain_instances = 1;
  return sums;
}

table::NeuronTables made_neurons(std::vector<double> plain, std::vector<double> per_instance) {
  table::NeuronTables neurons;
  neurons.plain = std::move(plain);
  neurons.after_mean = neurons.per_instance = std::move(per_instance);
  neurons.top = {1, 0};
  return neurons;
}

}  // namespace

void make_discovery(const std::filesystem::path& folder, const std::string& benchmark_digest) {
  store::FileHeader header;
  header.model_family = "llava";
  header.shape = kShape;
  header.dtype = "fp32";
  header.model_digest = kModelDigest;
  header.benchmark_digest = benchmark_digest;
  header.settings_json = R"({"run.seed": 3407, "benchmark.split": "discovery", "ranking.top_k": 1,
    "ranking.weights": "importance", "ranking.neuron_mode": "per_instance", "ranking.neuron_share": 0.5,
    "discover.bootstrap_resamples": 20, "discover.caption_importance": "mean"})";
  const auto alone = comm::local();
  store::DiscoveryWriter writer(folder / "discovery.h5", *alone, header);
  const table::NeuronSums sums = made_sums();
  const table::NeuronTables neurons = made_neurons({1, 6, 2, 3, 5, 4}, {0, 0, 0, 3, 1, 2});
  const table::DrawnHeads two{2, sums, made_neurons({1, 6, 2, 3, 5, 4}, {0, 0, 5, 0, 4, 1})};
  const table::DrawnHeads seven{7, sums, made_neurons({1, 6, 2, 3, 5, 4}, {3, 1, 0, 0, 2, 0})};
  writer.write_task(made_cells("vqa", {1, 0.75, 0.5, 0}), made_heads({0.25, 0.5, 1, kNan}), sums, neurons,
                    {two, seven});
  writer.write_task(made_cells("ocr", {0, 0.5, 0.25, 1}), made_heads({-0.5, -0.25, -1, kNan}), sums, neurons);
  writer.finish();
  for (const std::string task : {"vqa", "ocr"})
    write_file(folder / ("rankings." + task + ".json"), R"({"model": "tiny", "ranking": {"top_k": 1}})");
}

}  // namespace hones::test
