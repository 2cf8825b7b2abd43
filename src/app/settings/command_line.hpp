// hones_mpi COMMAND [--config FILE.toml]... [--set section.key=value]... [flags]
#pragma once

#include <string>
#include <vector>

#include "app/settings/settings.hpp"

namespace hones::settings {

struct Invocation {
  enum class Kind { run, help, version };
  Kind kind = Kind::run;
  std::string help;                              // kind == help
  Settings settings = Settings(Command::synth);  // kind == run
};

// `arguments` without the program's name. Throws UsageError.
Invocation parse_command_line(const std::vector<std::string>& arguments);

// `hones_mpi --help` and `hones_mpi COMMAND --help`.
std::string program_help();
std::string command_help(Command command);

}  // namespace hones::settings
