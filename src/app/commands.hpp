// What the commands run: each fills its room's options from the settings, calls it, and prints what it
// returns. All throw hones::Error with the exit code of docs/outputs.md.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/comm/communicator.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

// What a shared command asks of all ranks. Made alike on each of them, on rank 0 first.
struct Job {
  std::filesystem::path out;                        // empty: leaves nothing
  std::string out_named;                            // how errors name it
  std::function<std::string(int ranks)> only_tell;  // of a dry run: what to print instead of running
  std::function<ExitCode(comm::Communicator&)> run;
};

#define HONES_ALONE(name, does) void name(const settings::Settings& settings);
#define HONES_SHARED(name, does) \
  Job name(const settings::Settings& settings, const std::vector<std::string>& command_line);
#include "app/settings/commands.def"

// What a command runs: one of the two.
struct Entry {
  decltype(synth)* alone = nullptr;
  decltype(discover)* shared = nullptr;
};
const Entry& entry_of(settings::Command command);

// A shared command from main's arguments to the end of the job: starts MPI. Returns the exit code.
int with_all_ranks(int argc, char** argv);

}  // namespace hones::app
