#include "npy.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include <hones/base/error.hpp>
#include <hones/checkpoint/safetensors.hpp>

namespace hones::benchmark {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

// The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class Header {
 public:
  Header(std::string_view text, const std::filesystem::path& file) : text_(text), file_(file) {}

  std::string type() const {
    std::string_view value = after("'descr':");
    const std::size_t end = value.find('\'', 1);
    if (value.empty() || value.front() != '\'' || end == std::string_view::npos) fail("'descr' is no type");
    return std::string(value.substr(1, end - 1));
  }
  bool fortran_order() const { return !after("'fortran_order':").starts_with("False"); }
  std::vector<std::uint64_t> shape() const {
    std::string_view value = after("'shape':");
    const std::size_t end = value.find(')');
    if (!value.starts_with("(") || end == std::string_view::npos) fail("'shape' is no tuple");
    value = value.substr(1, end - 1);
    std::vector<std::uint64_t> shape;
    while (!value.empty()) {
      std::uint64_t size = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), size);
      if (read.ec != std::errc{}) fail("'shape' holds what is no size");
      shape.push_back(size);
      value.remove_prefix(static_cast<std::size_t>(read.ptr - value.data()));
      while (!value.empty() && (value.front() == ',' || value.front() == ' ')) value.remove_prefix(1);
    }
    return shape;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(file_.string() + ": damaged header of a .npy file: " + what);
  }
  std::string_view after(std::string_view name) const {
    const std::size_t at = text_.find(name);
    if (at == std::string_view::npos) fail("no " + std::string(name.substr(0, name.size() - 1)));
    const std::string_view rest = text_.substr(at + name.size());
    return rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  }

  std::string_view text_;
  const std::filesystem::path& file_;
};

// Bytes before the data: magic, two of the version, the header's length in two or four, the header.
std::optional<std::pair<std::size_t, std::size_t>> header_extent(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 6) return std::nullopt;
  const int version = bytes[kMagic.size()];
  if (version < 1 || version > 3) return std::nullopt;
  const std::size_t width = version == 1 ? 2 : 4, begin = kMagic.size() + 2 + width;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kMagic.size() + 2, width);
  if (length > bytes.size() - begin) return std::nullopt;
  return std::pair(begin, std::size_t{length});
}

// Nothing where it does not fit 64 bits.
std::optional<std::uint64_t> bytes_needed(const NpyArray& array, std::uint64_t of_an_element) {
  std::uint64_t bytes = of_an_element;
  for (const std::uint64_t size : array.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  }
  return bytes;
}

}  // namespace

NpyArray read_npy(const std::filesystem::path& file) {
  const auto mapping = checkpoint::Mapping::open(file);
  const std::string_view text(reinterpret_cast<const char*>(mapping->bytes().data()),
                              mapping->bytes().size());
  const auto extent = header_extent(text);
  if (!extent) throw DataError(file.string() + ": not a .npy file of version 1 to 3, or cut off");
  const Header header(text.substr(extent->first, extent->second), file);
  NpyArray array;
  array.type = header.type();
  array.shape = header.shape();
  array.keeps = mapping;
  array.bytes = mapping->bytes().subspan(extent->first + extent->second);
  if (header.fortran_order())
    throw DataError(file.string() +
                    ": in Fortran order, expected rows one after another (numpy.save of a C array)");
  const std::uint64_t digit = array.type.size() == 3 ? static_cast<std::uint64_t>(array.type[2] - '0') : 0;
  if (digit != 2 && digit != 4 && digit != 8) {
    throw DataError(file.string() + ": type " + array.type + ", expected <f2, <f4, <f8 or <i8");
  }
  if (bytes_needed(array, digit) != array.bytes.size()) {
    throw DataError(file.string() + ": " + std::to_string(array.bytes.size()) +
                    " bytes of data, another number than its shape needs; is it cut off?");
  }
  return array;
}

}  // namespace hones::benchmark
