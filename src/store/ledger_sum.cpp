#include "ledger_sum.hpp"

#include <fstream>
#include <span>
#include <string_view>
#include <vector>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>

namespace hones::store {

namespace {

// Length and digest of everything behind the user block, as the block says them.
std::string block_of(std::ifstream& in) {
  Sha256 digest;
  std::vector<char> buffer(std::size_t{1} << 20);
  std::uint64_t bytes = 0;
  in.seekg(kUserBlock);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    digest.update(std::as_bytes(std::span(buffer.data(), got)));
    bytes += got;
  }
  std::string block = "hones_mpi ledger; " + std::to_string(bytes) + " bytes follow these " +
                      std::to_string(kUserBlock) + ", sha256 " + digest.hex() + "\n";
  block.resize(kUserBlock);
  return block;
}

}  // namespace

void write_ledger_sum(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string block = block_of(in);
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.write(block.data(), static_cast<std::streamsize>(block.size()));
  out.close();
  if (!out || in.bad()) throw Error(ExitCode::rank_failed, "cannot write the checksum of " + file.string());
}

std::string ledger_damage(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return "cannot be read";
  std::string stored(kUserBlock, '\0');
  in.read(stored.data(), static_cast<std::streamsize>(stored.size()));
  if (!in) return "cut short";
  return block_of(in) == stored ? "" : "its bytes are not those that were written (length or sha256)";
}

}  // namespace hones::store
