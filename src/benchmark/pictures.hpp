// What a benchmark notes of its pictures, so that every result stands for their bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

// Fills `sha256` of every record; empty where the file is not there or cannot be read. Records of one image
// share one reading. Returns how many pictures are missing. Throws DataError when all are: the folder is
// another one.
std::int64_t note_pictures(const std::filesystem::path& images, const std::vector<Record*>& records,
                           const std::function<void(const std::string&)>& say);

}  // namespace hones::benchmark
