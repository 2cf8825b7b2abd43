#pragma once

#include <string>

#include "app/settings/settings.hpp"

namespace hones::app {

// Before any work: what --preview asks for is there. Throws DataError naming the model or its processor's
// file, UsageError for the rest.
void check_preview(const settings::Settings& settings);

// Sheets of the benchmark just made in `prepare.out`; those of an earlier one go. Returns the lines to print,
// nothing without --preview.
std::string preview(const settings::Settings& settings);

}  // namespace hones::app
