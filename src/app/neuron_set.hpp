// A set of FFN neurons as the user gives it (docs/outputs.md): a CSV file with columns layer,neuron in any
// place, more columns ignored; or FILE.h5:/path/to/dataset of shape [k, 2].
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hones::app {

using NeuronSet = std::vector<std::pair<std::int64_t, std::int64_t>>;

// (layer, neuron) in file order. Throws DataError naming file, line or dataset and what is expected, also for
// an empty set; UsageError for an HDF5 file without a dataset.
NeuronSet read_neuron_set(const std::string& where);

}  // namespace hones::app
