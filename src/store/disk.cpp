#include "disk.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <hones/base/file.hpp>

namespace hones::store {

std::string disk_trouble(const std::filesystem::path& file, int rank) {
  const std::string probe = file.string() + ".probe." + std::to_string(rank);
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return std::strerror(errno);
  // Not zeros: a file system that compresses would find room for them.
  std::string bytes(std::size_t{1} << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * i + i / 251) % 255);
  int reason = write_all(fd, bytes);
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  if (::close(fd) != 0 && reason == 0) reason = errno;
  ::unlink(probe.c_str());
  return reason == 0 ? "" : std::strerror(reason);
}

}  // namespace hones::store
