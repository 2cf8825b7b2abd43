#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/base/scratch.hpp>
#include <hones/bench/bench.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/synth.hpp>
#include <hones/checkpoint/random_llava.hpp>

#include "app/commands.hpp"
#include "app/rivals.hpp"
#include "app/settings/number.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

using bench::BenchRow;

constexpr std::int64_t kShortAnswer = 2, kCaption = 12;  // tokens, of random weights
constexpr std::int64_t kScenes = 60;                     // drawn where no benchmark is named

std::filesystem::path draw_benchmark(const std::filesystem::path& scratch, std::uint64_t seed,
                                     std::int64_t instances) {
  benchmark::SynthOptions scenes;
  scenes.images = std::max(kScenes, 2 * instances);
  scenes.seed = seed;
  scenes.out = scratch / "scenes";
  benchmark::synth(scenes);
  benchmark::PrepareOptions prepare;
  prepare.discovery = scenes.images;
  prepare.dev = prepare.test = 0;
  prepare.queries = instances;
  prepare.seed = seed;
  prepare.out = scratch / "benchmark";
  benchmark::find_sources(scenes.out, prepare);
  benchmark::prepare(prepare);
  return prepare.out;
}

std::vector<double> shares_of(const settings::Settings& settings, bool random) {
  auto shares =
      settings::numbers<double>(settings, "bench.changed", 0, 1, "numbers from 0 to 1 between commas");
  if (shares.empty() && random) shares = {0.05, 0.2, 1};
  return shares;
}

bench::BenchOptions options_of(const settings::Settings& settings, const std::filesystem::path& scratch) {
  bench::BenchOptions options;
  sweep::Options& run = options.run;
  const std::string& shape = settings.text("bench.shape");
  options.changed = shares_of(settings, !shape.empty());
  options.forms = settings.list("bench.forms");
  options.heads = settings.integer("bench.heads");
  options.candidates = settings.integer("bench.candidates");
  run.engine = engine_options(settings);
  run.ranking = ranking_of(settings);
  run.job = job_of(settings);
  run.selection.model = settings.path("bench.model");
  run.selection.split = settings.text("benchmark.split");
  run.selection.known_tasks = task::built_in_tasks();
  run.selection.tasks = settings.list("bench.tasks");
  run.selection.instances = run.selection.queries = settings.integer("bench.instances");
  if (!shape.empty()) {
    checkpoint::RandomShape random;
    try {
      random = checkpoint::parse_shape(shape);
    } catch (const UsageError& error) {
      throw UsageError(settings.named("bench.shape") + ": " + error.what());
    }
    checkpoint::write_random_llava(scratch / "model", random, run.selection.model, run.engine.seed);
    run.selection.model = scratch / "model";
    for (task::Definition& task : run.selection.known_tasks)
      task.max_new_tokens = task.name == "caption" ? kCaption : kShortAnswer;
  }
  run.selection.benchmark = settings.path("bench.benchmark");
  if (run.selection.benchmark.empty())
    run.selection.benchmark = draw_benchmark(scratch, run.engine.seed, run.selection.instances);
  return options;
}

RivalOptions rivals_of(const settings::Settings& settings, const bench::BenchOptions& options,
                       const std::filesystem::path& scratch) {
  const sweep::Options& run = options.run;
  RivalOptions rivals;
  rivals.python = settings.path("bench.python");
  rivals.program = settings.path("bench.rivals");
  rivals.model = run.selection.model;
  rivals.benchmark = run.selection.benchmark;
  rivals.scratch = scratch;
  rivals.dtype = choice::word(run.engine.dtype == choice::NumberFormat::automatic ? choice::NumberFormat::fp32
                                                                                  : run.engine.dtype);
  rivals.threads = run.engine.threads;
  rivals.instances = run.selection.instances;
  rivals.heads = options.heads;
  rivals.candidates = options.candidates;
  rivals.tasks = run.selection.tasks;
  for (const std::string& task : run.selection.tasks) {
    const std::int64_t limit =
        task::find_task(run.selection.known_tasks, task)->max_new_tokens.value_or(run.engine.max_new_tokens);
    rivals.limits.push_back(task + "=" + std::to_string(limit));
  }
  return rivals;
}

// The tasks of a form together, where it does not compute them together itself.
void add_sum(std::vector<BenchRow>& rows, const std::string& form, std::size_t tasks) {
  BenchRow sum;
  sum.task = "all";
  sum.form = form;
  std::size_t found = 0;
  for (const BenchRow& row : rows) {
    if (row.form != form) continue;
    ++found;
    sum.instances += row.instances;
    sum.cells += row.cells;
    sum.cells_measured += row.cells_measured;
    sum.seconds += row.seconds;
    sum.cpu_seconds += row.cpu_seconds;
    sum.useful_flops += row.useful_flops;
  }
  if (tasks > 1 && found == tasks) rows.push_back(sum);
}

double cells_per_cpu_s(const BenchRow& row) {
  return static_cast<double>(row.cells) / row.cpu_seconds;
}

// How many times as fast as `form` is on the same task; null where that was not measured.
nlohmann::ordered_json ratio_to(const std::string& form, const BenchRow& row,
                                const std::vector<BenchRow>& rows) {
  for (const BenchRow& other : rows) {
    if (other.task == row.task && other.form == form) return cells_per_cpu_s(row) / cells_per_cpu_s(other);
  }
  return nullptr;
}

template <typename T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json in_mib(const std::optional<double>& bytes) {
  return bytes ? nlohmann::ordered_json(*bytes / (1 << 20)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json to_json(const BenchRow& row, const bench::BenchReport& report) {
  return {{"task", row.task},
          {"form", row.form},
          {"instances", row.instances},
          {"cells", row.cells},
          {"cells_measured", row.cells_measured},
          {"candidates_measured", or_null(row.candidates_measured)},
          {"changed_share", or_null(row.changed_share)},
          {"seconds", row.seconds},
          {"cpu_seconds", row.cpu_seconds},
          {"cells_per_cpu_s", cells_per_cpu_s(row)},
          {"forward_equivalents", or_null(row.forward_equivalents)},
          {"decode_equivalents", or_null(row.decode_equivalents)},
          {"useful_gflops", row.useful_flops / row.cpu_seconds / 1e9},
          {"peak_added_mib", in_mib(row.peak_added_bytes)},
          {"forecast_mib", in_mib(row.forecast_bytes)},
          {"peak_share", row.useful_flops / row.cpu_seconds / report.peak_flops},
          {"ratio_to_rows", ratio_to("rows", row, report.rows)},
          {"ratio_to_prefix", ratio_to("prefix", row, report.rows)}};
}

std::string told(const nlohmann::ordered_json& row) {
  const auto number = [&](const char* name, const char* form) {
    char text[32];
    if (row.at(name).is_null()) return std::string("-");
    std::snprintf(text, sizeof text, form, row.at(name).get<double>());
    return std::string(text);
  };
  char line[256];
  std::snprintf(line, sizeof line, "%-10s %-7s %8s %10s %10s %12s %8s %8s %10s %7s %9s %9s %9s %9s\n",
                row.at("task").get_ref<const std::string&>().c_str(),
                row.at("form").get_ref<const std::string&>().c_str(), number("changed_share", "%.3f").c_str(),
                number("cpu_seconds", "%.2f").c_str(), number("seconds", "%.2f").c_str(),
                number("cells_per_cpu_s", "%.3f").c_str(), number("forward_equivalents", "%.3f").c_str(),
                number("decode_equivalents", "%.3f").c_str(), number("useful_gflops", "%.1f").c_str(),
                number("peak_share", "%.3f").c_str(), number("ratio_to_rows", "%.2f").c_str(),
                number("ratio_to_prefix", "%.2f").c_str(), number("peak_added_mib", "%.0f").c_str(),
                number("forecast_mib", "%.0f").c_str());
  return line;
}

nlohmann::ordered_json to_json(const bench::BenchParts& parts) {
  return {{"layer", parts.layer},
          {"heads", parts.heads},
          {"positions", parts.positions},
          {"speed_with_heads", parts.speed_with_heads},
          {"contributions_share", parts.contributions_share},
          {"by_row_share", parts.by_row_share}};
}

std::string told(const bench::BenchParts& parts) {
  char line[256];
  std::snprintf(line, sizeof line,
                "a tile of %lld heads at layer %lld, %lld positions: %.3f of the speed without edits; "
                "contributions and sums %+.1f %%; products row by row %+.1f %%\n",
                static_cast<long long>(parts.heads), static_cast<long long>(parts.layer),
                static_cast<long long>(parts.positions), parts.speed_with_heads,
                100 * parts.contributions_share, 100 * parts.by_row_share);
  return line;
}

}  // namespace

void bench(const settings::Settings& settings) {
  const std::filesystem::path out = settings.path("bench.out");
  check_output_file(settings.named("bench.out"), out);
  const ScratchFolder scratch("hones_bench");
  bench::BenchOptions options = options_of(settings, scratch.path());
  const auto wants = [&](const char* form) {
    return std::find(options.forms.begin(), options.forms.end(), form) != options.forms.end();
  };
  options.progress = [](const BenchRow& row) {
    log::info(row.form + " " + row.task + ": " + duration(row.cpu_seconds) + " of CPU for " +
              grouped(row.cells) + " cells, " + grouped(row.cells_measured) + " of them measured");
  };
  // The others first: what they need and lack is told before the engine's minutes.
  std::vector<BenchRow> rivals;
  for (const char* form : {"rows", "prefix"}) {
    if (!wants(form)) continue;
    for (BenchRow& row : run_rival(form, rivals_of(settings, options, scratch.path()))) {
      options.progress(row);
      rivals.push_back(std::move(row));
    }
  }
  bench::BenchReport report = bench::bench(options);
  report.rows.insert(report.rows.end(), rivals.begin(), rivals.end());
  for (const char* form : {"plain", "rows"}) add_sum(report.rows, form, options.run.selection.tasks.size());

  nlohmann::ordered_json json;
  json["environment"] = report.environment;
  json["peak_gflops"] = report.peak_flops / 1e9;
  json["shape"] = settings.text("bench.shape").empty() ? nlohmann::ordered_json(nullptr)
                                                       : nlohmann::ordered_json(settings.text("bench.shape"));
  std::string table =
      "peak " + std::to_string(static_cast<int>(report.peak_flops / 1e9)) +
      " GFLOP/s a CPU second; all times are of all cells\n" +
      "task       form     changed      cpu s          s  cells/cpu s  forward   decode  useful GF/s   "
      "peak   / rows   / prefix       MiB  forecast\n";
  for (const BenchRow& row : report.rows) {
    json["rows"].push_back(to_json(row, report));
    table += told(json["rows"].back());
  }
  if (report.parts) {
    json["parts"] = to_json(*report.parts);
    table += told(*report.parts);
  }
  write_file(out, json.dump(1) + "\n");
  std::fputs((table + "in " + out.string() + "\n").c_str(), stdout);
}

}  // namespace hones::app
