// A set of FFN neurons as a CSV file: columns layer,neuron in any place, more columns ignored
// (docs/outputs.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

namespace hones::settings {

// (layer, neuron) in file order. Throws DataError naming file, line and what is expected.
std::vector<std::pair<std::int64_t, std::int64_t>> read_neuron_set(const std::filesystem::path& file);

}  // namespace hones::settings
