// manifest.json: what the folder holds and what made it (docs/benchmark.md 2.4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace hones::benchmark {

inline constexpr const char* kSplits[] = {"discovery", "dev", "test"};
inline constexpr std::int64_t kSchemaVersion = 2;  // of manifest.json and the lines beside it

// What the lines of a split are. A line of the unified benchmark or of Flickr30k is an image; GQA and TextVQA
// have several questions an image, and a line is a question.
struct Dataset {
  const char* name;
  std::size_t answers;  // of a question
  bool several_questions;
};
// Null when there is none of that name.
const Dataset* find_dataset(const std::string& name);

struct Manifest {
  const Dataset* dataset = nullptr;
  std::filesystem::path images;               // resolved against the benchmark's folder
  std::map<std::string, std::int64_t> sizes;  // split -> lines; splits that are not there are absent
  std::string seed;                           // decimal
  bool retrieval = false;                     // queries were made: their files belong to the folder
};

// Throws DataError naming file and field.
Manifest read_manifest(const std::filesystem::path& folder);

// "file", "bytes", "sha256" of an input.
nlohmann::ordered_json input_json(const std::filesystem::path& file);

// How the manifest names the folder of pictures: relative to `out` where both lie below a common folder other
// than the root, so that the tree can be moved as a whole; absolute otherwise.
std::string images_entry(const std::filesystem::path& images, const std::filesystem::path& out);

}  // namespace hones::benchmark
