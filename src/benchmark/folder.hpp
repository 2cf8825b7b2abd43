// The folder of a benchmark while it is made.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

// Before anything is read through. Throws DataError for a folder of pictures that is none, UsageError when
// `out` cannot be written or holds a benchmark and `overwrite` is not set.
void check_folders(const std::filesystem::path& images, const std::filesystem::path& out, bool overwrite);

// Everything that a benchmark holds, by split.
struct Parts {
  std::map<std::string, std::vector<Record>> records;
  std::map<std::string, std::vector<Query>> queries;
};

// The manifest last, and the old one and its files gone first: a folder with a manifest is whole and holds
// nothing of an earlier one.
void write_folder(const std::filesystem::path& out, const Parts& parts,
                  const nlohmann::ordered_json& manifest);

}  // namespace hones::benchmark
