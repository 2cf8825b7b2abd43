#include <algorithm>
#include <array>

#include <hones/base/file.hpp>

#include "codec.hpp"

namespace hones::image {

Image decode(std::span<const std::byte> bytes, const std::string& name) {
  constexpr std::array<unsigned char, 8> kPng{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  const auto begins = [&](std::span<const unsigned char> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                      [](auto a, std::byte b) { return std::byte{a} == b; });
  };
  if (bytes.empty()) throw DataError(name + ": the file is empty");
  if (begins(kPng)) return decode_png(bytes, name);
  if (begins(std::array<unsigned char, 3>{0xff, 0xd8, 0xff})) return decode_jpeg(bytes, name);
  throw DataError(name + ": not a JPEG or PNG picture");
}

Image decode_file(const std::filesystem::path& file) {
  constexpr std::uintmax_t kMaxBytes = std::uintmax_t{1} << 29;
  std::error_code error;
  if (std::filesystem::is_regular_file(file, error) && std::filesystem::file_size(file, error) > kMaxBytes) {
    throw DataError(file.string() + ": larger than 512 MiB, not a picture that this program reads");
  }
  // Pipes and devices are refused: reading one may never end.
  if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error)) {
    throw DataError("cannot read " + file.string() + ": not a regular file");
  }
  const std::string bytes = read_file(file);
  return decode(std::as_bytes(std::span(bytes)), file.string());
}

}  // namespace hones::image
