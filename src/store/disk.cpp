#include "disk.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace hones::store {

std::string disk_trouble(const std::filesystem::path& file, int rank) {
  const std::string probe = file.string() + ".probe." + std::to_string(rank);
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return std::strerror(errno);
  // Not zeros: a file system that compresses would find room for them.
  std::vector<unsigned char> bytes(std::size_t{1} << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<unsigned char>((i * i + i / 251) % 255);
  int reason = 0;
  for (std::size_t at = 0; reason == 0 && at < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n > 0) at += static_cast<std::size_t>(n);
    if (n < 0 && errno != EINTR) reason = errno;
  }
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  if (::close(fd) != 0 && reason == 0) reason = errno;
  ::unlink(probe.c_str());
  return reason == 0 ? "" : std::strerror(reason);
}

}  // namespace hones::store
