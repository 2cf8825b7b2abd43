// ANLS (docs/benchmark.md 3.4), variant rrc.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hones::metric {

// Trim prediction and references before: lengths are those of the raw strings. std::invalid_argument without
// references.
double anls(std::string_view prediction, std::span<const std::string> references);

}  // namespace hones::metric
