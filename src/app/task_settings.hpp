// The tasks that the command line asks for.
#pragma once

#include <vector>

#include <hones/task/definition.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

// The built-in tasks and those of `tasks.file`. Throws UsageError naming file and line.
std::vector<task::Definition> known_tasks(const settings::Settings& settings);

// Refuses names in `discover.tasks` that are none of `known`.
void check_tasks(const settings::Settings& settings, const std::vector<task::Definition>& known);

}  // namespace hones::app
