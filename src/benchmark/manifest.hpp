// manifest.json: what the folder holds and what made it (docs/benchmark.md 2.4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace hones::benchmark {

struct Manifest {
  std::filesystem::path images;               // resolved against the benchmark's folder
  std::map<std::string, std::int64_t> sizes;  // split -> images
  std::string seed;                           // decimal
  bool retrieval = false;                     // queries were made: their files belong to the folder
};

// Throws DataError naming file and field.
Manifest read_manifest(const std::filesystem::path& folder);

// How the manifest names the folder of pictures: relative to `out` where both lie below a common folder other
// than the root, so that the tree can be moved as a whole; absolute otherwise.
std::string images_entry(const std::filesystem::path& images, const std::filesystem::path& out);

}  // namespace hones::benchmark
