#include "record.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include <hones/base/number.hpp>
#include <hones/base/version.hpp>

namespace hones::sweep {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

nlohmann::ordered_json provenance(const Inputs& inputs, std::size_t task,
                                  const std::map<std::string, std::string>& environment) {
  const Options& options = inputs.options;
  const task::Item& first = inputs.tasks[task].items.front();
  nlohmann::ordered_json json;
  json["schema_version"] = store::kSchemaVersion;
  json["program"] = {
      {"name", "hones_mpi"}, {"version", std::string(version())}, {"git_commit", std::string(git_commit())}};
  // A snapshot is asked for by org/name; a folder's place says nothing to anyone else, its name may.
  const std::filesystem::path folder = options.selection.model.has_filename()
                                           ? options.selection.model
                                           : options.selection.model.parent_path();
  json["model"] = {
      {"name",
       options.selection.snapshot.empty() ? folder.filename().string() : options.selection.model_name},
      {"snapshot", options.selection.snapshot.empty() ? nlohmann::ordered_json(nullptr)
                                                      : nlohmann::ordered_json(options.selection.snapshot)},
      {"digest", environment.at("model_digest")}};
  json["benchmark"] = {{"split", inputs.options.selection.split}, {"digest", inputs.benchmark.digest}};
  json["task_definition"] =
      nlohmann::ordered_json::parse(task::to_json(inputs.tasks[task].task->definition()));
  json["prompts"] = choice::word(options.engine.prompts);
  json["prompt_of_first_instance"] = inputs.prompt(first, first.attributed).rendered;
  json["dtype"] = choice::word(inputs.dtype);
  json["operator"] = choice::word(options.engine.op);
  json["max_new_tokens"] = inputs.tasks[task].task->answer_limit(options.engine.max_new_tokens);
  json["seed"] = options.engine.seed;
  json["ranking"] = {{"top_k", options.ranking.top_k},
                     {"weights", choice::word(options.ranking.weights)},
                     {"neuron_mode", choice::word(options.ranking.neuron_mode)},
                     {"neuron_share", options.ranking.neuron_share}};
  json["settings"] =
      nlohmann::ordered_json::parse(options.job.settings_json.empty() ? "{}" : options.job.settings_json);
  json["environment"] = environment;
  json["make_again"] = "hones_mpi discover --config settings.toml --out NEW_FOLDER";
  return json;
}

nlohmann::json opening_json(const Options& options, const Record& record) {
  nlohmann::json run;
  run["schema_version"] = store::kSchemaVersion;
  run["state"] = store::word_of(store::RunState::running);
  run["command_line"] = options.job.command_line;
  const std::string& all =
      options.job.all_settings_json.empty() ? options.job.settings_json : options.job.all_settings_json;
  run["settings"] = nlohmann::json::parse(all.empty() ? "{}" : all);
  run["model_snapshot"] = options.selection.snapshot;
  run["version"] = std::string(version());
  run["git_commit"] = std::string(git_commit());
  run["start"] = record.begun;
  run["ranks"] = record.nodes.size();
  run["hosts"] = record.nodes;
  run["devices"] = std::vector<std::string>(record.nodes.size(), "cpu");
  return run;
}

nlohmann::json closing_json(const Options& options, const Record& record,
                            const std::vector<results::TaskOutput>& outputs, store::RunState state) {
  nlohmann::json run = opening_json(options, record);
  run["state"] = store::word_of(state);
  run["exit_code"] = static_cast<int>(state == store::RunState::stopped ? ExitCode::stopped : ExitCode::ok);
  run["end"] = utc_now();
  run["seconds"] = record.seconds;
  run["phases"] = record.phases;
  run["forward_equivalents"] = record.all.layer_positions / record.all.full_layer_positions;
  run["decode_equivalents"] = record.all.decode_layer_positions / record.all.full_layer_positions;
  run["positions"] = record.all.layer_positions / static_cast<double>(outputs.front().cells.shape.layers);
  run["cells"] = record.all.cells;
  run["cells_taken_over"] = record.taken_over.cells;
  run["cells_by_rank"] = record.cells_by_rank;
  run["cells_written_by_rank"] = record.written_by_rank;
  run["collective_writes"] = {{"datasets", record.slabs.datasets}, {"collective", record.slabs.collective}};
  run["excluded"] = nlohmann::json::array();
  for (const plan::Exclusion& e : record.exclusions) {
    const table::Instance& instance =
        outputs[static_cast<std::size_t>(e.task)].cells.instances[static_cast<std::size_t>(e.instance)];
    run["excluded"].push_back({{"task", options.selection.tasks[static_cast<std::size_t>(e.task)]},
                               {"image_id", instance.image_id},
                               {"item_id", instance.item_id},
                               {"reason", e.reason}});
  }
  run["checkpoints"] = {{"count", record.checkpoints},
                        {"seconds", record.checkpoint_seconds},
                        {"bytes", record.checkpoint_bytes}};
  run["interruptions"] = record.interruptions;
  run["scheduling"] = {
      {"grants", record.grants}, {"ahead", record.ahead}, {"cpu_seconds", record.grant_cpu_seconds}};
  return run;
}

std::string closing_words(const Options& options, const Record& record,
                          const std::vector<results::TaskOutput>& outputs) {
  const std::size_t ranks = record.nodes.size();
  const double heads = record.phases.at("heads"), neurons = record.phases.at("neurons");
  const auto layers = static_cast<double>(outputs.front().cells.shape.layers);
  std::string text = "\n";
  for (const results::TaskOutput& output : outputs) text += results::describe_task(output) + "\n";
  // Speed is this start's; what earlier ones left took it no time.
  const std::string taken = record.taken_over.cells == 0 ? ""
                                                         : " (" + grouped(record.taken_over.cells) +
                                                               " more taken over from the ledger)";
  char line[256];
  std::snprintf(
      line, sizeof line,
      "%s cells%s in %s on %zu rank%s (heads %s, neurons %s), %.3f forward-equivalents per cell, %s "
      "positions/s\n",
      grouped(record.all.cells - record.taken_over.cells).c_str(), taken.c_str(),
      duration(record.seconds).c_str(), ranks, ranks == 1 ? "" : "s", duration(heads).c_str(),
      duration(neurons).c_str(), record.all.layer_positions / record.all.full_layer_positions,
      grouped(std::llround((record.all.layer_positions - record.taken_over.layer_positions) / layers /
                           std::max(1e-9, heads + neurons)))
          .c_str());
  text += line;
  if (!record.exclusions.empty())
    text += std::to_string(record.exclusions.size()) + " instances excluded, listed in run.json\n";
  text += "results: " + options.job.out.string() +
          "/{discovery.h5, heads.*.csv, neurons.*.csv, rankings.*.json, settings.toml, run.json}\n";
  return text;
}

}  // namespace hones::sweep
