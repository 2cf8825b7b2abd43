#include <algorithm>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/metric/named.hpp>
#include <hones/results/outputs.hpp>
#include <hones/stats/stats.hpp>
#include <hones/store/results.hpp>

namespace hones::results {

namespace {

std::vector<store::HeadCsvRow> head_rows(const TaskOutput& output) {
  const std::vector<double> drop = attribution::logprob_drop(output.cells);
  const std::vector<std::int64_t> drop_rank = attribution::ranks(drop);
  std::vector<store::HeadCsvRow> rows;
  for (const table::Head head : attribution::ranked_heads(output.heads, output.cells.shape)) {
    const auto at = static_cast<std::size_t>(head.layer * output.cells.shape.heads + head.head);
    rows.push_back({head, output.heads.importance[at], output.heads.ci_low[at], output.heads.ci_high[at],
                    output.heads.answers_changed[at], drop[at], drop_rank[at]});
  }
  return rows;
}

const std::vector<double>& neuron_scores(const TaskOutput& output) {
  if (output.fell_back) return output.neurons.plain;
  return output.neurons.mode == choice::NeuronMode::after_mean ? output.neurons.after_mean
                                                               : output.neurons.per_instance;
}

std::vector<store::NeuronCsvRow> neuron_rows(const TaskOutput& output) {
  const std::vector<double>& scores = neuron_scores(output);
  std::vector<store::NeuronCsvRow> rows;
  for (std::size_t i = 0; i + 1 < output.neurons.top.size(); i += 2) {
    const std::int32_t layer = output.neurons.top[i], neuron = output.neurons.top[i + 1];
    rows.push_back(
        {layer, neuron, scores[static_cast<std::size_t>(layer * output.cells.shape.d_ff + neuron)]});
  }
  return rows;
}

nlohmann::ordered_json number(double value) {
  return std::isnan(value) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
}

std::int64_t count(const TaskOutput& output, table::InstanceState state) {
  return std::count_if(output.cells.instances.begin(), output.cells.instances.end(),
                       [&](const table::Instance& i) { return i.state == state; });
}

std::vector<std::int64_t> top_neurons(const TaskOutput& output) {
  std::vector<std::int64_t> neurons;
  for (std::size_t i = 0; i + 1 < output.neurons.top.size(); i += 2) {
    neurons.push_back(output.neurons.top[i] * output.cells.shape.d_ff + output.neurons.top[i + 1]);
  }
  return neurons;
}

}  // namespace

void write_task_files(const std::filesystem::path& folder, const TaskOutput& output,
                      const nlohmann::ordered_json& provenance) {
  const std::string task = output.cells.task;
  const std::vector<store::HeadCsvRow> rows = head_rows(output);
  write_file(folder / ("heads." + task + ".csv"), store::heads_csv(rows));
  write_file(folder / ("neurons." + task + ".csv"), store::neurons_csv(neuron_rows(output)));

  nlohmann::ordered_json json = provenance;
  json["ranking"]["top_k"] = output.heads.top.size();  // the K in force: no more than heads with a valid cell
  json["task"] = task;
  json["metric"] = output.cells.metric;
  json["instances_done"] = count(output, table::InstanceState::done);
  json["instances_excluded"] = count(output, table::InstanceState::excluded);
  json["plain_metric"] = number(output.heads.plain_metric);
  if (const metric::Counts* kept = metric::counts_of(output.cells.metric))
    json["plain_" + std::string(kept->key)] = number(output.heads.plain_together);
  json["split_half_overlap"] = number(output.heads.split_half_overlap);
  json["top_heads"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < std::min(rows.size(), output.heads.top.size()); ++i) {
    const store::HeadCsvRow& row = rows[i];
    json["top_heads"].push_back({{"rank", i + 1},
                                 {"layer", row.head.layer},
                                 {"head", row.head.head},
                                 {"importance", number(row.importance)},
                                 {"ci_low", number(row.ci_low)},
                                 {"ci_high", number(row.ci_high)},
                                 {"answers_changed", row.answers_changed},
                                 {"logprob_drop", number(row.logprob_drop)},
                                 {"logprob_rank", row.logprob_rank}});
  }
  json["neurons"] = {{"mode", choice::word(output.neurons.mode)},
                     {"selected", output.neurons.top.size() / 2},
                     {"ranked_by_plain_contribution", output.fell_back},
                     {"per_layer", stats::layer_histogram(top_neurons(output), output.cells.shape.layers,
                                                          output.cells.shape.d_ff)}};
  write_file(folder / ("rankings." + task + ".json"), json.dump(2) + "\n");
}

std::string describe_task(const TaskOutput& output) {
  const std::vector<store::HeadCsvRow> rows = head_rows(output);
  char line[160];
  std::snprintf(line, sizeof line, "%s  %s = %.4f on %lld instances", output.cells.task.c_str(),
                output.cells.metric.c_str(), output.heads.plain_metric,
                static_cast<long long>(count(output, table::InstanceState::done)));
  std::string text = line;
  if (const metric::Counts* kept = metric::counts_of(output.cells.metric)) {
    std::snprintf(line, sizeof line, " %.4f)", output.heads.plain_together);
    text += " (" + std::string(kept->title) + line;
  }
  const std::int64_t excluded = count(output, table::InstanceState::excluded);
  if (excluded > 0) text += ", " + std::to_string(excluded) + " excluded";
  text += "\n  head      importance  95 % interval         changed  log-prob drop (rank)\n";
  for (std::size_t i = 0;
       i < std::min<std::size_t>(rows.size(), std::min<std::size_t>(output.heads.top.size(), 10)); ++i) {
    const store::HeadCsvRow& row = rows[i];
    std::snprintf(line, sizeof line, "  %2d:%-4d  %+10.4f  [%+.4f, %+.4f]  %7u  %+9.4f (%lld)\n",
                  row.head.layer, row.head.head, row.importance, row.ci_low, row.ci_high, row.answers_changed,
                  row.logprob_drop, static_cast<long long>(row.logprob_rank));
    text += line;
  }
  std::snprintf(line, sizeof line, "  split-half overlap of the top %zu: %.2f\n", output.heads.top.size(),
                output.heads.split_half_overlap);
  text += line;
  text += "  top " + std::to_string(output.neurons.top.size() / 2) + " neurons by layer:";
  for (const std::int64_t in_layer :
       stats::layer_histogram(top_neurons(output), output.cells.shape.layers, output.cells.shape.d_ff)) {
    text += " " + std::to_string(in_layer);
  }
  text += output.fell_back ? "  (no head is positive: ranked by mean plain contribution)\n" : "\n";
  return text;
}

}  // namespace hones::results
