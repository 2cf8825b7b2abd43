// Index pairs out of an HDF5 file: a set of neurons or heads named as FILE:/path/to/dataset
// (docs/outputs.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace hones::store {

// The rows of an integer dataset of shape [k, 2], of any width: (layer, index) in the order stored. k may be
// 0. Whether an index exists is for the caller to check, who knows the model. Rank-local: the file is opened
// serially. Throws DataError, one line naming file and dataset, where there is no such file or dataset, or
// the dataset has another shape or type.
std::vector<std::pair<std::int64_t, std::int64_t>> read_index_pairs(const std::filesystem::path& file,
                                                                    const std::string& dataset);

}  // namespace hones::store
