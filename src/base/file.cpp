#include <hones/base/file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <hones/base/error.hpp>

namespace hones {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) {
    throw DataError("cannot read " + file.string() + ": " + (std::filesystem::exists(file) ? "not a readable file" : "no such file"));
  }
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw DataError("cannot read " + file.string());
  return text;
}

void write_file(const std::filesystem::path& file, std::string_view text) {
  const std::string temporary = file.string() + ".tmp";
  const auto fail = [&](const char* what) {
    throw Error(ExitCode::rank_failed, std::string("cannot ") + what + " " + temporary + ": " + std::strerror(errno));
  };
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail("create");
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int saved = errno;
      ::close(fd);
      errno = saved;
      fail("write");
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  const int synced = ::fsync(fd);
  if (::close(fd) != 0 || synced != 0) fail("write");
  std::filesystem::rename(temporary, file);
}

}  // namespace hones
