// Arrays as numpy.save writes them, format versions 1 to 3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hones::benchmark {

struct NpyArray {
  std::string type;                  // "<f4"
  std::vector<std::uint64_t> shape;  // row-major
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> keeps;  // `bytes` alive
};

// Maps the file. Throws DataError naming it for what is no such array, is in Fortran order, or has another
// number of bytes than its shape needs.
NpyArray read_npy(const std::filesystem::path& file);

}  // namespace hones::benchmark
