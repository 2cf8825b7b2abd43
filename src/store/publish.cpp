#include "publish.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <hones/base/error.hpp>

namespace hones::store {

namespace {

void sync(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int synced = fd < 0 ? -1 : ::fsync(fd);
  const int saved = errno;
  if (fd >= 0) ::close(fd);
  if (synced != 0)
    throw Error(ExitCode::rank_failed, "cannot sync " + path.string() + ": " + std::strerror(saved));
}

void move(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) throw Error(ExitCode::rank_failed, "cannot rename " + from.string() + ": " + error.message());
}

}  // namespace

void publish(const std::filesystem::path& temporary, const std::filesystem::path& file,
             const std::filesystem::path& previous) {
  sync(temporary);
  std::error_code ignored;
  if (!previous.empty() && std::filesystem::exists(file, ignored)) move(file, previous);
  move(temporary, file);
  const std::filesystem::path folder = file.parent_path();
  sync(folder.empty() ? "." : folder);
}

}  // namespace hones::store
