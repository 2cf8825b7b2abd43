// The subcommands: each fills its room's options from the settings, calls it, and prints what it returns. All
// throw hones::Error with the exit code of docs/outputs.md.
#pragma once

#include "app/settings/settings.hpp"

namespace hones::app {

void synth(const settings::Settings& settings);
void prepare(const settings::Settings& settings);
void generate(const settings::Settings& settings);
void score(const settings::Settings& settings);
void plan(const settings::Settings& settings);
void rank(const settings::Settings& settings);
void bench(const settings::Settings& settings);
void watch(const settings::Settings& settings);

// The commands for several ranks, discover, ablate and placement: they start MPI, so they get main's
// arguments. Returns the exit code.
bool is_distributed(const std::string& command);
int distributed(int argc, char** argv);

}  // namespace hones::app
