#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

namespace hones {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) {
    throw DataError("cannot read " + file.string() + ": " +
                    (std::filesystem::exists(file) ? "not a readable file" : "no such file"));
  }
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw DataError("cannot read " + file.string());
  return text;
}

namespace {

[[noreturn]] void fail_to(const char* what, const std::filesystem::path& file, int reason) {
  throw Error(ExitCode::rank_failed,
              std::string("cannot ") + what + " " + file.string() + ": " + std::strerror(reason));
}

// Everything, or the reason why not.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

void write_file(const std::filesystem::path& file, std::string_view text) {
  const std::string temporary = file.string() + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail_to("create", temporary, errno);
  int reason = write_all(fd, text);
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  if (::close(fd) != 0 && reason == 0) reason = errno;
  if (reason != 0) fail_to("write", temporary, reason);
  std::filesystem::rename(temporary, file);
}

void append_line(const std::filesystem::path& file, std::string_view line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) fail_to("open", file, errno);
  int reason = write_all(fd, std::string(line) + '\n');
  if (::close(fd) != 0 && reason == 0) reason = errno;
  if (reason != 0) fail_to("append to", file, reason);
}

}  // namespace hones
