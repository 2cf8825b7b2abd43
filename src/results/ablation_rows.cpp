#include <algorithm>
#include <numeric>
#include <span>

#include <nlohmann/json.hpp>

#include <hones/attribution/heads.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/results/ablation_rows.hpp>
#include <hones/results/run_settings.hpp>
#include <hones/stats/stats.hpp>

namespace hones::results {

namespace {

bool wanted(const AblationChoice& choice, const std::string& strategy) {
  return std::find(choice.strategies.begin(), choice.strategies.end(), strategy) != choice.strategies.end();
}

// Neurons masked at each budget: ascending, each once.
std::vector<std::int64_t> counts_of(const AblationChoice& choice, const table::Shape& shape) {
  std::vector<std::int64_t> counts;
  for (const double share : choice.budgets) {
    counts.push_back(stats::share_count(share, shape.layers * shape.d_ff));
    if (counts.back() > 0) continue;
    throw UsageError("--budgets " + shortest(share) + ": no neuron of " +
                     std::to_string(shape.layers * shape.d_ff) + ": expected a larger share");
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

table::Intervention masking(std::span<const std::int64_t> order, std::int64_t count,
                            const table::Shape& shape) {
  table::Intervention what;
  for (const std::int64_t index : order.first(static_cast<std::size_t>(count)))
    what.neurons.push_back(
        {static_cast<std::int32_t>(index / shape.d_ff), static_cast<std::int32_t>(index % shape.d_ff)});
  std::sort(what.neurons.begin(), what.neurons.end());
  return what;
}

// A row for each budget: the first neurons of `order` (global indices).
void append_budgets(std::vector<AblationRow>& rows, const std::string& strategy, std::int64_t seed,
                    std::span<const std::int64_t> order, const std::vector<std::int64_t>& counts,
                    const table::Shape& shape) {
  for (const std::int64_t count : counts)
    rows.push_back({strategy, count, seed, masking(order, count, shape)});
}

// One task's part of a discovery, as `rank` would rank it.
class Found {
 public:
  Found(const store::TaskContents& task, const AblationChoice& choice, const RunSettings& run,
        const std::string& file)
      : task_(task), shape_(task.cells.shape), file_(file) {
    neuron_options_.weights = choice.weights.value_or(run.chosen<choice::HeadWeights>("ranking.weights"));
    const auto stored = static_cast<std::int64_t>(task.sums.heads.size());
    if (choice.top_k.value_or(0) > stored) {
      throw UsageError("--top-k " + std::to_string(*choice.top_k) + ": expected at most " +
                       std::to_string(stored) + ", the heads whose sums " + file + " keeps of the task '" +
                       task.cells.task + "'");
    }
    neuron_options_.top_k = choice.top_k.value_or(run.get<std::int64_t>("ranking.top_k"));
  }

  std::vector<std::int64_t> hones(choice::NeuronMode mode) const {
    bool fell_back = false;
    const table::NeuronTables tables =
        attribution::neuron_tables(task_.sums, shape_, task_.heads.importance, neuron_options_, fell_back);
    return stats::ranking(fell_back                                ? tables.plain
                          : mode == choice::NeuronMode::after_mean ? tables.after_mean
                                                                   : tables.per_instance);
  }
  std::vector<std::int64_t> no_head() const { return stats::ranking(task_.neurons.plain); }
  const std::vector<table::DrawnHeads>& drawn() const { return task_.drawn; }
  std::vector<std::int64_t> rand_head(const table::DrawnHeads& heads) const {
    return stats::ranking(heads.neurons.per_instance);
  }
  // The k best heads.
  table::Intervention heads(std::int64_t k) const {
    std::vector<table::Head> best = attribution::ranked_heads(task_.heads, shape_);
    if (k > static_cast<std::int64_t>(best.size())) {
      throw UsageError("--head-budgets " + std::to_string(k) + ": expected at most " +
                       std::to_string(best.size()) + ", the heads that " + file_ + " ranks for the task '" +
                       task_.cells.task + "'");
    }
    best.resize(static_cast<std::size_t>(k));
    std::sort(best.begin(), best.end());
    return {best, {}};
  }

 private:
  const store::TaskContents& task_;
  const table::Shape& shape_;
  std::string file_;
  attribution::NeuronOptions neuron_options_;
};

void append_found(std::vector<AblationRow>& rows, const Found& found, const AblationChoice& choice,
                  const std::vector<std::int64_t>& counts, const table::Shape& shape) {
  if (wanted(choice, "hones"))
    append_budgets(rows, "hones", -1, found.hones(choice::NeuronMode::per_instance), counts, shape);
  if (wanted(choice, "hones_after_mean"))
    append_budgets(rows, "hones_after_mean", -1, found.hones(choice::NeuronMode::after_mean), counts, shape);
  if (wanted(choice, "no_head")) append_budgets(rows, "no_head", -1, found.no_head(), counts, shape);
  if (wanted(choice, "rand_head")) {
    for (const table::DrawnHeads& heads : found.drawn())
      append_budgets(rows, "rand_head", heads.seed, found.rand_head(heads), counts, shape);
  }
}

// A seed's draws of several budgets lie in each other.
void append_random(std::vector<AblationRow>& rows, const AblationChoice& choice, std::uint64_t drawn_by,
                   const std::vector<std::int64_t>& counts, const table::Shape& shape) {
  for (std::int64_t seed = 0; seed < choice.random_seeds; ++seed) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(shape.layers * shape.d_ff));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    SplitMix64 rng(key(drawn_by, "random", std::to_string(seed)));
    shuffle(std::span(order), rng);
    append_budgets(rows, "random", seed, order, counts, shape);
  }
}

table::Intervention checked(const NamedSet& set, const table::Shape& shape) {
  table::Intervention what{{}, set.neurons};
  std::sort(what.neurons.begin(), what.neurons.end());
  what.neurons.erase(std::unique(what.neurons.begin(), what.neurons.end()), what.neurons.end());
  for (const table::Neuron neuron : what.neurons) {
    if (neuron.layer < shape.layers && neuron.neuron < shape.d_ff) continue;
    throw UsageError("--sets " + set.name + ": neuron " + std::to_string(neuron.layer) + ":" +
                     std::to_string(neuron.neuron) + ": expected a layer below " +
                     std::to_string(shape.layers) + " and a neuron below " + std::to_string(shape.d_ff));
  }
  return what;
}

const store::TaskContents& task_of(const store::DiscoveryContents& contents, const std::string& name,
                                   const std::string& file) {
  std::string known;
  for (const store::TaskContents& task : contents.tasks) {
    if (task.cells.task == name) return task;
    known += (known.empty() ? "" : ", ") + task.cells.task;
  }
  throw UsageError("--tasks " + name + ": " + file + " holds " + known +
                   "; leave it out, or run discover for it");
}

void check_same(const std::string& file, const char* what, const std::string& there,
                const std::string& here) {
  if (there == here) return;
  throw DataError(file + " was made with another " + what + " (digest " + there.substr(0, 12) +
                  ", and here it is " + here.substr(0, 12) + "): expected the one that is masked now");
}

}  // namespace

std::vector<std::vector<AblationRow>> ablation_rows(const AblationChoice& choice,
                                                    const AblationSubject& subject) {
  const table::Shape& shape = subject.shape;
  const bool reads =
      !choice.head_budgets.empty() || std::any_of(choice.strategies.begin(), choice.strategies.end(),
                                                  [](const std::string& s) { return s != "random"; });
  const std::filesystem::path path = choice.discovery / "discovery.h5";
  const std::string file = path.string();
  std::optional<store::DiscoveryContents> contents;
  std::optional<RunSettings> run;
  if (reads) {
    if (choice.discovery.empty())
      throw UsageError(
          "--discovery: expected the folder of a discover run: what --strategies and "
          "--head-budgets ask for is ranked there");
    contents = store::read_discovery(path);
    run.emplace(contents->header.settings_json, path);
    check_same(file, "model", contents->header.model_digest, subject.model_digest);
    // A split has a digest of its own. A benchmark without the run's split is a transfer set, where what was
    // found elsewhere is tried.
    const std::string split = run->get<std::string>("benchmark.split");
    if (std::filesystem::exists(subject.benchmark / (split + ".jsonl"))) {
      check_same(file, "benchmark", contents->header.benchmark_digest,
                 benchmark::load(subject.benchmark, split).digest);
    }
  }
  const std::vector<std::int64_t> counts = counts_of(choice, shape);
  std::vector<std::int64_t> head_budgets = choice.head_budgets;
  std::sort(head_budgets.begin(), head_budgets.end());
  head_budgets.erase(std::unique(head_budgets.begin(), head_budgets.end()), head_budgets.end());

  std::vector<std::vector<AblationRow>> all;
  for (const std::string& task : subject.tasks) {
    std::vector<AblationRow>& rows = all.emplace_back();
    std::optional<Found> found;
    if (contents) found.emplace(task_of(*contents, task, file), choice, *run, file);
    if (found && wanted(choice, "rand_head") && found->drawn().empty()) {
      throw UsageError("--strategies rand_head: " + file +
                       " holds no drawn heads: run discover with --rand-head-seeds 5");
    }
    if (found) append_found(rows, *found, choice, counts, shape);
    if (wanted(choice, "random")) append_random(rows, choice, subject.seed, counts, shape);
    for (const std::int64_t k : head_budgets) rows.push_back({"heads", k, -1, found->heads(k)});
    for (const NamedSet& set : choice.sets) {
      table::Intervention what = checked(set, shape);
      const auto size = static_cast<std::int64_t>(what.neurons.size());
      rows.push_back({set.name, size, -1, std::move(what)});
    }
    if (rows.empty()) throw UsageError("nothing to mask: expected --strategies, --head-budgets or --sets");
  }
  return all;
}

std::string to_bytes(const std::vector<std::vector<AblationRow>>& rows) {
  nlohmann::json json = nlohmann::json::array();
  for (const auto& of_task : rows) {
    nlohmann::json& list = json.emplace_back(nlohmann::json::array());
    for (const AblationRow& row : of_task) {
      nlohmann::json heads = nlohmann::json::array(), neurons = nlohmann::json::array();
      for (const table::Head head : row.what.heads) heads.insert(heads.end(), {head.layer, head.head});
      for (const table::Neuron n : row.what.neurons) neurons.insert(neurons.end(), {n.layer, n.neuron});
      list.push_back({row.strategy, row.budget, row.seed, heads, neurons});
    }
  }
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::vector<AblationRow>> rows_from(const std::string& bytes) {
  std::vector<std::vector<AblationRow>> rows;
  for (const nlohmann::json& list : nlohmann::json::from_cbor(bytes)) {
    std::vector<AblationRow>& of_task = rows.emplace_back();
    for (const nlohmann::json& row : list) {
      AblationRow& read = of_task.emplace_back();
      read.strategy = row.at(0);
      read.budget = row.at(1);
      read.seed = row.at(2);
      const auto heads = row.at(3).get<std::vector<std::int32_t>>();
      for (std::size_t i = 0; i < heads.size(); i += 2) read.what.heads.push_back({heads[i], heads[i + 1]});
      const auto neurons = row.at(4).get<std::vector<std::int32_t>>();
      for (std::size_t i = 0; i < neurons.size(); i += 2)
        read.what.neurons.push_back({neurons[i], neurons[i + 1]});
    }
  }
  return rows;
}

}  // namespace hones::results
