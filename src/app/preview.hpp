#pragma once

#include <string>
#include <vector>

#include "app/settings/settings.hpp"

namespace hones::app {

// Before any work: what --preview asks for is there. Throws DataError naming the model or its processor's
// file, UsageError for the rest.
void check_preview(const settings::Settings& settings);

// Sheets of `tasks` over a split of the benchmark just made in `prepare.out`; those of an earlier one go.
// Returns the lines to print, nothing without --preview.
std::string preview(const settings::Settings& settings, const std::string& split,
                    const std::vector<std::string>& tasks);

}  // namespace hones::app
