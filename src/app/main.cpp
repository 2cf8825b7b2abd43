// hones_mpi: the command line, and the way from an exception to one line and an exit code.
#include <cstdio>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/log.hpp>
#include <hones/base/memory.hpp>
#include <hones/base/version.hpp>

#include "app/commands.hpp"
#include "app/launch.hpp"
#include "app/settings/command_line.hpp"

namespace {

using hones::settings::Command;
using hones::settings::Invocation;

void run(const hones::settings::Settings& settings) {
  switch (settings.command()) {
    case Command::synth:
      return hones::app::synth(settings);
    case Command::prepare:
      return hones::app::prepare(settings);
    case Command::generate:
      return hones::app::generate(settings);
    case Command::score:
      return hones::app::score(settings);
    case Command::plan:
      return hones::app::plan(settings);
    case Command::rank:
      return hones::app::rank(settings);
    case Command::bench:
      return hones::app::bench(settings);
    case Command::watch:
      return hones::app::watch(settings);
    case Command::discover:
    case Command::ablate:
    case Command::placement:
      break;  // main has taken them
  }
  throw hones::InternalError("a distributed command was not run by its own entry");
}

// Every command but those that start MPI.
void run_alone(const std::vector<std::string>& arguments, const hones::app::Launch& launch) {
  const Invocation invocation = hones::settings::parse_command_line(arguments);
  if (invocation.kind == Invocation::Kind::run) {
    if (launch.size > 1) {
      throw hones::UsageError(
          arguments[0] + " under a launcher with " + std::to_string(launch.size) +
          " ranks: expected one process; only discover, ablate and placement share theirs");
    }
    run(invocation.settings);
  } else if (launch.rank == 0 && invocation.kind == Invocation::Kind::help) {
    std::fputs(invocation.help.c_str(), stdout);
  } else if (launch.rank == 0) {
    std::printf("hones_mpi %s, commit %s\n", std::string(hones::version()).c_str(),
                std::string(hones::git_commit()).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  hones::settle_allocator();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const hones::app::Launch launch = hones::app::launch_of_environment();
  try {
    if (!arguments.empty() && hones::app::is_distributed(arguments[0]))
      return hones::app::distributed(argc, argv);
    run_alone(arguments, launch);
    return static_cast<int>(hones::ExitCode::ok);
  } catch (const std::exception& error) {
    const hones::Error known = hones::error_of(error);
    if (launch.rank == 0) hones::log::error(known.what());  // alike on every rank
    return static_cast<int>(known.code());
  }
}
