// hones_mpi: the command line, and the way from an exception to one line and an exit code.
#include <cstdio>
#include <optional>
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

std::string shared_commands() {
  std::vector<std::string> names;
  for (const Command command : hones::settings::all_commands()) {
    if (hones::settings::is_shared(command)) names.emplace_back(hones::settings::name_of(command));
  }
  std::string words;
  for (std::size_t i = 0; i < names.size(); ++i)
    words += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return words;
}

// A command of one process, or what needs none.
void run_alone(const std::vector<std::string>& arguments, const hones::app::Launch& launch) {
  const Invocation invocation = hones::settings::parse_command_line(arguments);
  if (invocation.kind == Invocation::Kind::run) {
    if (launch.size > 1) {
      throw hones::UsageError(arguments[0] + " under a launcher with " + std::to_string(launch.size) +
                              " ranks: expected one process; only " + shared_commands() + " share theirs");
    }
    hones::app::entry_of(invocation.settings.command()).alone(invocation.settings);
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
    const auto command = arguments.empty() ? std::nullopt : hones::settings::command_named(arguments[0]);
    if (command && hones::settings::is_shared(*command)) return hones::app::with_all_ranks(argc, argv);
    run_alone(arguments, launch);
    return static_cast<int>(hones::ExitCode::ok);
  } catch (const std::exception& error) {
    const hones::Error known = hones::error_of(error);
    if (launch.rank == 0) hones::log::error(known.what());  // alike on every rank
    return static_cast<int>(known.code());
  }
}
