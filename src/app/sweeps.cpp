// The commands whose work is a sweep: discover and ablate.
#include <memory>

#include <hones/sweep/discover.hpp>

#include "app/ablate_settings.hpp"
#include "app/allocation.hpp"
#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/stop_signals.hpp"
#include "app/sweep_settings.hpp"

namespace hones::app {

namespace {

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

}  // namespace

Job discover(const settings::Settings& settings, const std::vector<std::string>& command_line) {
  check_together(settings);
  const auto options = std::make_shared<sweep::Options>(sweep_options(settings));
  set_process(settings.path("discover.out"), settings, command_line, options->job);
  Job job{options->job.out, settings.named("discover.out"), {}, {}};
  if (settings.boolean("discover.dry_run"))
    job.only_tell = [options](int ranks) { return sweep::dry_run(*options, ranks); };
  job.run = [options](comm::Communicator& world) { return sweep::discover(*options, world); };
  return job;
}

Job ablate(const settings::Settings& settings, const std::vector<std::string>& command_line) {
  const auto options = std::make_shared<sweep::AblateOptions>(ablate_options(settings));
  set_process(settings.path("ablate.out"), settings, command_line, options->run.job);
  check_no_discovery(options->run.job.out);
  Job job{options->run.job.out, settings.named("ablate.out"), {}, {}};
  if (settings.boolean("discover.dry_run"))
    job.only_tell = [options](int ranks) { return sweep::ablate_dry_run(*options, ranks); };
  job.run = [options](comm::Communicator& world) { return sweep::ablate(*options, world); };
  return job;
}

}  // namespace hones::app
