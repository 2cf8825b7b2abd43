// What is computed in a sweep, as `discover` and `plan` are told of it.
#pragma once

#include <hones/engine/options.hpp>

#include "app/settings/settings.hpp"

namespace hones::app {

// Everything that can change a number, and nothing else. Throws UsageError and DataError.
void set_what_is_computed(const settings::Settings& settings, engine::DiscoverOptions& options);

}  // namespace hones::app
