#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/comm/session.hpp>
#include <hones/sweep/discover.hpp>

#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/settings/command_line.hpp"
#include "app/stop_signals.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

constexpr std::chrono::seconds kRankZeroSpeaksFirst{5};  // an error must be out within 10

void set_how_it_runs(const settings::Settings& settings, sweep::DiscoverOptions& options) {
  options.out = settings.path("discover.out");
  options.restart = settings.boolean("discover.restart");
  options.unit_instances = settings.integer("units.instances");
  options.unit_layers = settings.integer("units.layers");
  options.grant_seed = settings.integer("units.grant_seed");
  options.deadline_seconds = settings.real("units.stage_timeout");
  options.checkpoint_seconds = 60 * settings.real("discover.checkpoint_minutes");
  options.stop_asked = stop_asked;
  options.settings_json = settings.to_json();
  options.all_settings_json = settings.all_to_json();
  options.settings_toml = settings.to_toml();
}

void check_together(const settings::Settings& settings) {
  const std::int64_t stored = settings.integer("ranking.stored_heads");
  if (settings.integer("ranking.top_k") > stored) {
    settings.refuse("ranking.top_k", "at most ranking.stored_heads = " + std::to_string(stored) + " (" +
                                         settings.source("ranking.stored_heads") + ")");
  }
}

// What the command line asks for: a sweep, or a text to print.
struct Wish {
  std::string text;
  bool dry_run = false;
  std::string out_named;  // how errors name options.out
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
  wish.out_named = invocation.settings.named("discover.out");
  return wish;
}

ExitCode run(const std::vector<std::string>& command_line, comm::Communicator& world) {
  const Wish wish = rank_zero_first(world, [&] {
    Wish wish = wish_of(command_line);
    if (world.rank() != 0 || wish.options.out.empty()) return wish;
    if (wish.dry_run) {
      wish.text = sweep::dry_run(wish.options, world.size());
    } else {
      check_output_folder(wish.out_named, wish.options.out);
    }
    return wish;
  });
  if (world.rank() == 0 && !wish.text.empty()) std::fputs(wish.text.c_str(), stdout);
  const bool only_text = wish.dry_run || wish.options.out.empty();
  return only_text ? ExitCode::ok : sweep::discover(wish.options, world);
}

// Several ranks end here; main prints the error of a single one.
[[noreturn]] void end_job(comm::Communicator& world, const Error& error) {
  // A broken benchmark comes up on every rank, on a busy machine seconds apart: rank 0 has time to speak for
  // all.
  const bool everyones = error.code() != ExitCode::rank_failed;
  if (everyones && world.rank() != 0) std::this_thread::sleep_for(kRankZeroSpeaksFirst);
  comm::fail(world, error);
}

}  // namespace

int discover(int argc, char** argv) {
  const std::vector<std::string> command_line(argv, argv + argc);
  catch_stop_signals();
  comm::Session session(&argc, &argv);
  comm::Communicator& world = session.world();
  log::configure(log::Level::info, world.rank(), world.size());
  try {
    return static_cast<int>(run(command_line, world));
  } catch (const SharedRefusal& refusal) {
    if (world.rank() == 0) log::error(refusal.what());
    return static_cast<int>(refusal.code());
  } catch (const std::exception& error) {
    if (world.size() == 1) throw;
    end_job(world, error_of(error));
  }
}

}  // namespace hones::app
