#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/bench/bench.hpp>
#include <hones/model/threads.hpp>
#include <hones/sweep/forecast.hpp>

#include "app/commands.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

using sweep::Forecast;

// FLOP/s of one rank, and where the figure comes from.
struct Speed {
  double flops = 0;
  std::string source;
};

Speed speed_of(const settings::Settings& settings) {
  const double tflops = settings.real("plan.tflops");
  if (tflops > 0) return {tflops * 1e12, "--tflops"};
  const std::int64_t threads = settings.integer("model.threads");
  model::configure_threads(threads);
  return {
      bench::peak_flops(settings.chosen<choice::NumberFormat>("model.dtype")) * static_cast<double>(threads),
      "peak of matrix products on this machine's CPU, measured now"};
}

nlohmann::ordered_json to_json(const Forecast& plan, const Speed& speed, double hours) {
  nlohmann::ordered_json json;
  json["ranks"] = plan.ranks;
  json["layers"] = plan.layers;
  json["heads"] = plan.heads;
  json["d_ff"] = plan.d_ff;
  json["tile_positions"] = plan.tile_positions;
  for (const Forecast::Task& task : plan.tasks) {
    json["tasks"].push_back({{"name", task.name},
                             {"instances", task.instances},
                             {"cells", task.cells},
                             {"prompts_per_cell", task.prompts_per_cell},
                             {"positions_per_prompt", task.positions_per_prompt}});
  }
  json["head_stage"] = {{"units", plan.head_units},
                        {"cells", plan.cells},
                        {"positions", plan.head_positions},
                        {"flops", plan.head_flops},
                        {"changed_flops", plan.changed_flops}};
  json["neuron_stage"] = {{"units", plan.neuron_units},
                          {"stored_heads", plan.stored_heads},
                          {"positions", plan.neuron_positions},
                          {"flops", plan.neuron_flops}};
  const Forecast::Memory& memory = plan.memory;
  json["memory_bytes"] = {{"weights", memory.weights},
                          {"weights_shared", memory.weights_shared},
                          {"plain_state", memory.state},
                          {"workspace", memory.workspace},
                          {"tile", memory.tile},
                          {"changed_rows", memory.changed_rows},
                          {"head_stage", memory.head_stage()},
                          {"table", memory.table},
                          {"sums", memory.sums},
                          {"rank", memory.all()}};
  json["flops"] = plan.flops();
  json["tflops_per_rank"] = speed.flops / 1e12;
  json["tflops_source"] = speed.source;
  json["hours"] = hours;
  return json;
}

std::string shown(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string mib(std::int64_t bytes) {
  return grouped((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

std::string figures(const Forecast& plan, const Speed& speed, double hours) {
  const Forecast::Memory& memory = plan.memory;
  return "useful FLOPs: " + shown("%.3g", plan.flops()) + " (head stage " + shown("%.3g", plan.head_flops) +
         ", rows whose answer changes " + shown("%.3g", plan.changed_flops) + ", neuron stage " +
         shown("%.3g", plan.neuron_flops) + ")\n" + "memory of a rank: " + mib(memory.all()) + " (weights " +
         mib(memory.weights) + (memory.weights_shared ? ", one copy a node" : "") + "; head stage " +
         mib(memory.head_stage()) + ": plain state " + mib(memory.state) + ", buffers " +
         mib(memory.workspace) + ", tile " + mib(memory.tile) + ", changed rows " + mib(memory.changed_rows) +
         "; table " + mib(memory.table) + ", neuron sums " + mib(memory.sums) + ")\n" +
         "time: " + shown("%.3g", hours) + " hours on " + grouped(plan.ranks) + " rank(s) of " +
         shown("%.3g", speed.flops / 1e12) + " TFLOP/s (" + speed.source + ")\n";
}

}  // namespace

void plan(const settings::Settings& settings) {
  const std::filesystem::path out = settings.path("plan.out");
  check_output_file(settings.named("plan.out"), out);
  const sweep::Options options = sweep_options(settings);
  const Forecast forecast = sweep::forecast(options, static_cast<int>(settings.integer("plan.gpus")),
                                            settings.real("plan.changed"));
  const Speed speed = speed_of(settings);
  const double hours = forecast.flops() / (speed.flops * forecast.ranks) / 3600;
  write_file(out, to_json(forecast, speed, hours).dump(1) + "\n");
  std::fputs(
      (told(forecast, options) + figures(forecast, speed, hours) + "in " + out.string() + "\n").c_str(),
      stdout);
}

}  // namespace hones::app
