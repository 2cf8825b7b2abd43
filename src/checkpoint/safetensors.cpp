#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <set>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/unique_names.hpp>
#include <hones/checkpoint/safetensors.hpp>

namespace hones::checkpoint {

static_assert(std::endian::native == std::endian::little, "safetensors data is used where it lies");

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the limit of the format

std::string system_reason() {
  return std::strerror(errno);
}

// Codes of the format that are valid but that no LLaVA checkpoint needs.
bool known_elsewhere(const std::string& code) {
  static const std::set<std::string> codes{
      "BOOL", "U8", "I8",      "U16",     "I16",     "U32",     "I32",     "U64",         "F64",
      "C64",  "F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"};
  return codes.contains(code);
}

std::optional<Dtype> dtype_of(const std::string& code) {
  for (const Dtype dtype : {Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::i64}) {
    if (name_of(dtype) == code) return dtype;
  }
  return std::nullopt;
}

// One file's header being read: every complaint names the file, and the tensor where there is one.
class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& file, std::shared_ptr<const Mapping> mapping)
      : file_(file), mapping_(std::move(mapping)) {}

  TensorMap read() {
    const std::span<const std::byte> bytes = mapping_->bytes();
    if (bytes.size() < 8)
      fail("is too short for a safetensors file (" + std::to_string(bytes.size()) + " bytes)");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof length);
    if (length > kMaxHeader)
      fail("header of " + std::to_string(length) + " bytes; at most 100,000,000 are allowed");
    if (length > bytes.size() - 8) {
      fail("header of " + std::to_string(length) + " bytes reaches beyond the file; is it cut off?");
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
    if (text.empty() || text.front() != '{') fail("header does not begin with '{'");
    data_ = bytes.subspan(8 + length);

    const json header = parse(text);
    TensorMap tensors;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        take_metadata(entry);
      } else {
        add(tensors, name, entry);
      }
    }
    check_tiling();
    return tensors;
  }

  const std::map<std::string, std::string>& metadata() const { return metadata_; }  // after read()

 private:
  struct Extent {
    std::uint64_t begin, end;
    std::string name;
  };

  [[noreturn]] void fail(const std::string& what) const { throw DataError(file_.string() + ": " + what); }
  [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
    fail("tensor " + tensor + ": " + what);
  }

  json parse(std::string_view text) const {
    try {
      return parse_with_unique_names<json>(
          text, [&](const std::string& name) { fail("header has the name " + name + " twice"); });
    } catch (const json::exception& error) {
      fail("header is not valid JSON: " + without_label(error.what()));
    }
  }

  void take_metadata(const json& metadata) {
    if (!metadata.is_object()) fail("__metadata__ is not an object");
    for (const auto& item : metadata.items()) {
      if (!item.value().is_string()) fail("__metadata__ entry " + item.key() + " is not a string");
      metadata_.emplace(item.key(), item.value().get<std::string>());
    }
  }

  void add(TensorMap& tensors, const std::string& name, const json& entry) {
    if (!entry.is_object()) fail(name, "its entry is not an object");
    for (const auto& item : entry.items()) {
      if (item.key() != "dtype" && item.key() != "shape" && item.key() != "data_offsets") {
        fail(name, "unknown field " + item.key());
      }
    }
    if (entry.size() != 3) fail(name, "needs dtype, shape and data_offsets");
    TensorView view;
    view.dtype = read_dtype(name, entry["dtype"]);
    std::uint64_t expected = size_of(view.dtype);
    const json& shape = entry["shape"];
    if (!shape.is_array()) fail(name, "shape is not a list");
    for (const json& dimension : shape) {
      if (!dimension.is_number_unsigned() ||
          dimension.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
        fail(name, "shape has a dimension that is not a non-negative 64-bit integer");
      }
      view.shape.push_back(dimension.get<std::int64_t>());
      if (__builtin_mul_overflow(expected, dimension.get<std::uint64_t>(), &expected)) {
        fail(name, "shape overflows 64 bits");
      }
    }
    const json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail(name, "data_offsets is not a pair of non-negative integers");
    }
    const auto begin = offsets[0].get<std::uint64_t>();
    const auto end = offsets[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      fail(name, "data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
                     "] leave the data of " + std::to_string(data_.size()) + " bytes; is the file cut off?");
    }
    if (end - begin != expected) {
      fail(name, "has " + std::to_string(end - begin) + " bytes; its shape and dtype need " +
                     std::to_string(expected));
    }
    view.bytes = data_.subspan(begin, end - begin);
    view.mapping = mapping_;
    extents_.push_back({begin, end, name});
    tensors.emplace(name, std::move(view));
  }

  Dtype read_dtype(const std::string& name, const json& value) const {
    if (!value.is_string()) fail(name, "dtype is not a string");
    const auto& code = value.get_ref<const std::string&>();
    if (const auto dtype = dtype_of(code)) return *dtype;
    if (known_elsewhere(code)) fail(name, "dtype " + code + " is not supported; F32, F16 and BF16 are");
    fail(name, "unknown dtype " + code);
  }

  void check_tiling() {
    std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    std::uint64_t at = 0;
    for (const Extent& extent : extents_) {
      if (extent.begin != at) {
        fail(extent.name, extent.begin > at ? "a gap of the data lies before it" : "overlaps another tensor");
      }
      at = extent.end;
    }
    if (at != data_.size()) fail(std::to_string(data_.size() - at) + " bytes after the last tensor");
  }

  const std::filesystem::path& file_;
  std::shared_ptr<const Mapping> mapping_;
  std::span<const std::byte> data_;
  std::vector<Extent> extents_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace

std::size_t size_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32:
      return 4;
    case Dtype::f16:
    case Dtype::bf16:
      return 2;
    case Dtype::i64:
      return 8;
  }
  throw InternalError("no such dtype");
}

std::string name_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32:
      return "F32";
    case Dtype::f16:
      return "F16";
    case Dtype::bf16:
      return "BF16";
    case Dtype::i64:
      return "I64";
  }
  throw InternalError("no such dtype");
}

std::shared_ptr<const Mapping> Mapping::open(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& reason) -> void {
    throw DataError("cannot map " + file.string() + ": " + reason);
  };
  // O_NONBLOCK: a named pipe must not hang the program; it has no effect on regular files.
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail(system_reason());
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  const bool regular = known && S_ISREG(status.st_mode);
  void* data = nullptr;
  std::string reason = known ? "not a regular file" : system_reason();
  if (regular && status.st_size > 0) {
    data = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) reason = system_reason();
  }
  ::close(fd);
  if (!regular || data == MAP_FAILED) fail(reason);
  // Hints, here and below: nothing depends on whether the system follows them.
  if (data != nullptr) ::madvise(data, static_cast<std::size_t>(status.st_size), MADV_SEQUENTIAL);
  std::shared_ptr<Mapping> mapping(new Mapping);
  mapping->data_ = static_cast<const std::byte*>(data);
  mapping->size_ = static_cast<std::size_t>(status.st_size);
  return mapping;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

namespace {

// Of the pages that hold nothing but the tensor.
void advise(const TensorView& view, int advice) {
  if (view.mapping == nullptr) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(view.bytes.data());
  const std::uintptr_t begin = (address + page - 1) / page * page;
  const std::uintptr_t end = (address + view.bytes.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

}  // namespace

void release_pages(const TensorView& view) {
  advise(view, MADV_DONTNEED);
}

void keep_pages(const TensorView& view) {
  advise(view, MADV_NORMAL);
}

TensorMap read_safetensors(const std::filesystem::path& file) {
  return HeaderReader(file, Mapping::open(file)).read();
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& file) {
  HeaderReader reader(file, Mapping::open(file));
  reader.read();
  return reader.metadata();
}

void write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) order.push_back(&tensor);
  // The reference writer's order of dtypes, descending: I64, F32, BF16, F16; then names.
  const auto rank = [](Dtype dtype) {
    switch (dtype) {
      case Dtype::i64:
        return 0;
      case Dtype::f32:
        return 1;
      case Dtype::bf16:
        return 2;
      case Dtype::f16:
        return 3;
    }
    return 4;
  };
  std::sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    return std::pair(rank(a->dtype), std::string_view(a->name)) <
           std::pair(rank(b->dtype), std::string_view(b->name));
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t at = 0;
  for (const TensorToWrite* tensor : order) {
    std::uint64_t size = size_of(tensor->dtype);
    for (const std::int64_t dimension : tensor->shape) size *= static_cast<std::uint64_t>(dimension);
    HONES_ASSERT(size == tensor->bytes.size(), tensor->name + ": " + std::to_string(tensor->bytes.size()) +
                                                   " bytes for a shape of " + std::to_string(size));
    HONES_ASSERT(!header.contains(tensor->name), "tensor " + tensor->name + " written twice");
    header[tensor->name] = {
        {"dtype", name_of(tensor->dtype)}, {"shape", tensor->shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  const std::filesystem::path temporary = file.string() + ".tmp";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  const std::uint64_t length = text.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const TensorToWrite* tensor : order) {
    out.write(reinterpret_cast<const char*>(tensor->bytes.data()),
              static_cast<std::streamsize>(tensor->bytes.size()));
  }
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(temporary, file, failed);
  if (!out || failed) throw Error(ExitCode::rank_failed, "cannot write " + file.string());
}

}  // namespace hones::checkpoint
