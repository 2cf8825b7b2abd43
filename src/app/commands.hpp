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

// The one command for several ranks: it starts MPI, so it gets main's arguments. Returns the exit code.
int discover(int argc, char** argv);

}  // namespace hones::app
