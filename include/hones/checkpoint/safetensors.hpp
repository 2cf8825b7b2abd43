// safetensors files, mapped read-only. Headers and bytes only; no tensors (docs/models.md section 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hones::checkpoint {

enum class Dtype { f32, f16, bf16, i64 };
std::size_t size_of(Dtype dtype);
std::string name_of(Dtype dtype);  // "F32", "F16", "BF16", "I64"

// A file mapped with MAP_PRIVATE and PROT_READ, to be read from front to back. Tensors share it; it goes when
// the last one does.
class Mapping {
 public:
  // Throws DataError naming the file and the system's reason.
  static std::shared_ptr<const Mapping> open(const std::filesystem::path& file);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  Mapping() = default;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

struct TensorView {
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;        // inside `mapping`; may be misaligned for the dtype
  std::shared_ptr<const Mapping> mapping;  // keeps `bytes` alive
};

using TensorMap = std::map<std::string, TensorView>;

// For a tensor that was copied (to another dtype, to a device): the memory that its bytes take is given back;
// whoever looks at them again reads the file again. A load that does so holds about one tensor of the files
// at a time.
void release_pages(const TensorView& view);

// For a tensor that is used where it lies: it will be read again and again, not once in order.
void keep_pages(const TensorView& view);

// Reads and checks one file: every validity rule of docs/models.md 1.1. Throws DataError naming file, tensor
// and rule. Only F32, F16, BF16 and I64 tensors are accepted.
TensorMap read_safetensors(const std::filesystem::path& file);

// The entries of __metadata__, text each; empty where there are none. Checks as much as read_safetensors.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& file);

// Writes tensors (name, dtype, shape, raw little-endian bytes) in the layout of the reference writer. For
// --dump.
struct TensorToWrite {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};
void write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors);

}  // namespace hones::checkpoint
