#include <chrono>
#include <cstdio>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/comm/session.hpp>
#include <hones/sweep/discover.hpp>

#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/settings/command_line.hpp"

namespace hones::app {

namespace {

constexpr std::chrono::seconds kRankZeroSpeaksFirst{5};  // an error must be out within 10

void set_what_is_computed(const settings::Settings& settings, sweep::DiscoverOptions& options) {
  const checkpoint::ModelLocation model =
      checkpoint::locate_model(settings.text("model.path"), settings.text("model.revision"));
  options.model = model.folder;
  options.snapshot = model.snapshot;
  options.benchmark = settings.path("benchmark.path");
  options.tasks = settings.list("discover.tasks");
  options.instances = settings.integer("discover.instances");
  options.queries = settings.integer("discover.queries");
  for (const auto& [layer, head] : settings.heads("discover.heads")) options.heads.push_back({layer, head});
  options.op = settings.text("intervention.operator");
  options.sigma = settings.real("intervention.sigma");
  options.seed = static_cast<std::uint64_t>(settings.integer("run.seed"));
  options.prompts = settings.text("discover.prompts");
  options.max_new_tokens = settings.integer("answer.max_new_tokens");
  options.caption_importance = settings.text("discover.caption_importance");
  options.open_target_join = settings.text("discover.open_target_join");
  options.top_k = settings.integer("ranking.top_k");
  options.stored_heads = settings.integer("ranking.stored_heads");
  options.neuron_share = settings.real("ranking.neuron_share");
  options.neuron_mode = settings.text("ranking.neuron_mode");
  options.weights = settings.text("ranking.weights");
  options.bootstrap_resamples = settings.integer("discover.bootstrap_resamples");
  options.dtype = settings.text("model.dtype");
  options.device = settings.text("model.device");
  options.engine = settings.text("engine.form");
  options.threads = settings.integer("model.threads");
  options.tile_positions = settings.integer("engine.tile_positions");
  options.max_bad = settings.real("discover.max_bad");
}

void set_how_it_runs(const settings::Settings& settings, sweep::DiscoverOptions& options) {
  options.out = settings.path("discover.out");
  options.restart = settings.boolean("discover.restart");
  options.unit_instances = settings.integer("units.instances");
  options.unit_layers = settings.integer("units.layers");
  options.grant_seed = settings.integer("units.grant_seed");
  options.deadline_seconds = settings.real("units.stage_timeout");
  options.settings_json = settings.to_json();
  options.all_settings_json = settings.all_to_json();
  options.settings_toml = settings.to_toml();
}

void check_together(const settings::Settings& settings) {
  const std::int64_t top_k = settings.integer("ranking.top_k");
  const std::int64_t stored = settings.integer("ranking.stored_heads");
  if (top_k > stored) {
    throw UsageError(settings.source("ranking.top_k") + ": ranking.top_k = " + std::to_string(top_k) +
                     ": expected at most ranking.stored_heads = " + std::to_string(stored) + " (" +
                     settings.source("ranking.stored_heads") + ")");
  }
}

// What the command line asks for: a sweep, or a text to print.
struct Wish {
  std::string text;
  bool dry_run = false;
  sweep::DiscoverOptions options;
};

Wish wish_of(const std::vector<std::string>& command_line) {
  const settings::Invocation invocation =
      settings::parse_command_line({command_line.begin() + 1, command_line.end()});
  Wish wish;
  if (invocation.kind == settings::Invocation::Kind::help) {
    wish.text = invocation.help;
    return wish;
  }
  check_together(invocation.settings);
  set_what_is_computed(invocation.settings, wish.options);
  set_how_it_runs(invocation.settings, wish.options);
  wish.options.command_line = command_line;
  wish.dry_run = invocation.settings.boolean("discover.dry_run");
  return wish;
}

void run(const std::vector<std::string>& command_line, comm::Communicator& world) {
  const Wish wish = rank_zero_first(world, [&] {
    Wish wish = wish_of(command_line);
    if (wish.dry_run && world.rank() == 0) wish.text = sweep::dry_run(wish.options, world.size());
    return wish;
  });
  if (world.rank() == 0 && !wish.text.empty()) std::fputs(wish.text.c_str(), stdout);
  const bool only_text = wish.dry_run || wish.options.out.empty();
  if (!only_text) sweep::discover(wish.options, world);
}

}  // namespace

int discover(int argc, char** argv) {
  const std::vector<std::string> command_line(argv, argv + argc);
  comm::Session session(&argc, &argv);
  comm::Communicator& world = session.world();
  log::configure(log::Level::info, world.rank(), world.size());
  try {
    run(command_line, world);
    return static_cast<int>(ExitCode::ok);
  } catch (const SharedRefusal& refusal) {
    if (world.rank() == 0) log::error(refusal.what());
    return static_cast<int>(refusal.code());
  } catch (const Error& error) {
    if (world.size() == 1) throw;  // main prints it
    // A broken benchmark comes up on every rank, on a busy machine seconds apart: rank 0 has time to speak
    // for all.
    const bool everyones = error.code() != ExitCode::rank_failed;
    if (everyones && world.rank() != 0) std::this_thread::sleep_for(kRankZeroSpeaksFirst);
    comm::fail(world, error);
  } catch (const std::exception& error) {
    if (world.size() == 1) throw;
    comm::fail(world, error);
  }
}

}  // namespace hones::app
