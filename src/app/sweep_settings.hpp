// The options of sweeps, from the settings in force: every command that computes or prices cells asks here.
#pragma once

#include <hones/sweep/options.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

engine::Options engine_options(const settings::Settings& settings);
results::Ranking ranking_of(const settings::Settings& settings);
// Throws DataError when the model is not found, UsageError for a task that is not known.
sweep::Selection selection_of(const settings::Settings& settings);
// All but what a process knows by itself: folder, command line, the allocation's end, signals.
sweep::Job job_of(const settings::Settings& settings);
sweep::Options sweep_options(const settings::Settings& settings);

}  // namespace hones::app
