// What `ablate` masks, as the command line says it.
#pragma once

#include <filesystem>

#include <hones/sweep/ablate.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

// Everything that can change a number, and nothing else. Throws UsageError and DataError.
sweep::AblateOptions ablate_options(const settings::Settings& settings);

// UsageError where the folder holds a discovery, which --restart would remove.
void check_no_discovery(const std::filesystem::path& out);

}  // namespace hones::app
