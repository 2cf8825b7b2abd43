// SHA-256 of bytes and files, as lower-case hex. Names models and benchmarks in every result.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hones {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  // Ends the digest; the object must not be used afterwards.
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256(std::string_view text);
// Throws DataError naming the file when it cannot be read.
std::string sha256_file(const std::filesystem::path& file);

}  // namespace hones
