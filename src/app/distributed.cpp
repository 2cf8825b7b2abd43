// The commands whose work all ranks share, from the command line to the end of the job.
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/comm/session.hpp>
#include <hones/sweep/discover.hpp>

#include "app/ablate_settings.hpp"
#include "app/allocation.hpp"
#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/placement.hpp"
#include "app/settings/command_line.hpp"
#include "app/stop_signals.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

constexpr std::chrono::milliseconds kOthersEndFirst{500};
constexpr std::chrono::seconds kRankZeroSpeaksFirst{5};  // an error must be out within 10

// What of a job no setting says.
void set_process(const std::filesystem::path& out, const settings::Settings& settings,
                 const std::vector<std::string>& command_line, sweep::Job& job) {
  job.out = out;
  job.command_line = command_line;
  if (launch_of_environment().rank == 0) job.end_time = allocation_end(settings);
  job.stop_asked = stop_asked;
}

void check_together(const settings::Settings& settings) {
  const std::int64_t stored = settings.integer("ranking.stored_heads");
  if (settings.integer("ranking.top_k") > stored) {
    settings.refuse("ranking.top_k", "at most ranking.stored_heads = " + std::to_string(stored) + " (" +
                                         settings.source("ranking.stored_heads") + ")");
  }
}

// What the command line asks for: a job, or a text to print.
struct Wish {
  std::string text;
  bool only_text = false;
  std::filesystem::path out;                      // empty: leaves nothing
  std::string out_named;                          // how errors name it
  std::function<std::string(int ranks)> dry_run;  // like `job`, none where help was asked for
  std::function<ExitCode(comm::Communicator&)> job;
};

void wish_for_discover(const settings::Settings& settings, const std::vector<std::string>& command_line,
                       Wish& wish) {
  check_together(settings);
  const auto options = std::make_shared<sweep::Options>(sweep_options(settings));
  set_process(settings.path("discover.out"), settings, command_line, options->job);
  wish.out = options->job.out;
  wish.out_named = settings.named("discover.out");
  wish.dry_run = [options](int ranks) { return sweep::dry_run(*options, ranks); };
  wish.job = [options](comm::Communicator& world) { return sweep::discover(*options, world); };
}

void wish_for_ablate(const settings::Settings& settings, const std::vector<std::string>& command_line,
                     Wish& wish) {
  const auto options = std::make_shared<sweep::AblateOptions>(ablate_options(settings));
  set_process(settings.path("ablate.out"), settings, command_line, options->run.job);
  check_no_discovery(options->run.job.out);
  wish.out = options->run.job.out;
  wish.out_named = settings.named("ablate.out");
  wish.dry_run = [options](int ranks) { return sweep::ablate_dry_run(*options, ranks); };
  wish.job = [options](comm::Communicator& world) { return sweep::ablate(*options, world); };
}

void wish_for_placement(const settings::Settings& settings, Wish& wish) {
  wish.job = [device = settings.text("placement.device"), share = settings.boolean("placement.share_gpu")](
                 comm::Communicator& world) { return show_placement(world, device, share); };
}

Wish wish_of(const std::vector<std::string>& command_line) {
  const settings::Invocation invocation =
      settings::parse_command_line({command_line.begin() + 1, command_line.end()});
  Wish wish;
  if (invocation.kind == settings::Invocation::Kind::help) {
    wish.text = invocation.help;
    wish.only_text = true;
    return wish;
  }
  const settings::Settings& settings = invocation.settings;
  if (settings.command() == settings::Command::placement) {
    wish_for_placement(settings, wish);
    return wish;
  }
  if (settings.command() == settings::Command::ablate) {
    wish_for_ablate(settings, command_line, wish);
  } else {
    wish_for_discover(settings, command_line, wish);
  }
  wish.only_text = settings.boolean("discover.dry_run");
  return wish;
}

ExitCode run(const std::vector<std::string>& command_line, comm::Communicator& world) {
  const Wish wish = rank_zero_first(world, [&] {
    Wish wish = wish_of(command_line);
    if (world.rank() != 0 || !wish.job) return wish;
    if (wish.only_text) {
      wish.text = wish.dry_run(world.size());
    } else if (!wish.out.empty()) {
      check_output_folder(wish.out_named, wish.out);
    }
    return wish;
  });
  if (world.rank() == 0 && !wish.text.empty()) std::fputs(wish.text.c_str(), stdout);
  return wish.only_text ? ExitCode::ok : wish.job(world);
}

// Several ranks end here; main prints the error of a single one.
[[noreturn]] void end_job(comm::Communicator& world, const Error& error) {
  // A broken benchmark comes up on every rank, on a busy machine seconds apart: rank 0 has time to speak for
  // all.
  const bool everyones = error.code() != ExitCode::rank_failed;
  if (everyones && world.rank() != 0) std::this_thread::sleep_for(kRankZeroSpeaksFirst);
  comm::fail(world, error);
}

int with_ranks(int argc, char** argv, int& rank, int& size) {
  const std::vector<std::string> command_line(argv, argv + argc);
  catch_stop_signals();
  comm::Session session(&argc, &argv);
  comm::Communicator& world = session.world();
  rank = world.rank();
  size = world.size();
  log::configure(log::Level::info, rank, size);
  try {
    return static_cast<int>(run(command_line, world));
  } catch (const SharedRefusal& refusal) {
    if (world.rank() == 0) log::error(refusal.what());
    return static_cast<int>(refusal.code());
  } catch (const std::exception& error) {
    if (world.size() == 1) {  // main says it
      comm::leave_last_words(world, error_of(error).code(), error_of(error).what());
      throw;
    }
    end_job(world, error_of(error));
  }
}

}  // namespace

bool is_distributed(const std::string& command) {
  using settings::Command, settings::name_of;
  return command == name_of(Command::discover) || command == name_of(Command::ablate) ||
         command == name_of(Command::placement);
}

int distributed(int argc, char** argv) {
  int rank = 0, size = 1;
  const int code = with_ranks(argc, argv, rank, size);
  if (code != static_cast<int>(ExitCode::stopped) || size == 1) return code;
  // One rank says that the job was stopped, when the others are gone: under srun -K1 the first that does not
  // end well has the others killed, and the step's exit code would be that of a killed one.
  if (rank != 0) return static_cast<int>(ExitCode::ok);
  std::this_thread::sleep_for(kOthersEndFirst);
  return code;
}

}  // namespace hones::app
