#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include <hones/base/file.hpp>

namespace hones {

namespace fs = std::filesystem;

namespace {

// Empty for a file that can be read.
std::string why_unreadable(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) return "no such file";
  if (fs::is_directory(status)) return "it is a folder";
  if (error) return error.message();
  return ::access(file.c_str(), R_OK) == 0 ? "" : std::strerror(errno);
}

}  // namespace

void check_readable(const fs::path& file) {
  const std::string reason = why_unreadable(file);
  if (!reason.empty()) throw DataError("cannot read " + file.string() + ": " + reason);
}

std::string read_file(const fs::path& file) {
  check_readable(file);
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad()) throw DataError("cannot read " + file.string());
  return text;
}

std::string why_no_folder(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return "";
  if (status.type() == fs::file_type::not_found) return "no such folder";
  return error ? error.message() : "not a folder";
}

namespace {

[[noreturn]] void fail_to(const char* what, const fs::path& file, const std::string& reason) {
  throw Error(ExitCode::rank_failed, std::string("cannot ") + what + " " + file.string() + ": " + reason);
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

void write_file(const fs::path& file, std::string_view text) {
  const std::string temporary = file.string() + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail_to("create", temporary, std::strerror(errno));
  int reason = write_all(fd, text);
  if (reason == 0 && ::fsync(fd) != 0) reason = errno;
  if (::close(fd) != 0 && reason == 0) reason = errno;
  if (reason != 0) fail_to("write", temporary, std::strerror(reason));
  std::error_code error;
  fs::rename(temporary, file, error);
  if (error) fail_to("replace", file, error.message());
}

void append_line(const fs::path& file, std::string_view line) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) fail_to("open", file, std::strerror(errno));
  int reason = write_all(fd, std::string(line) + '\n');
  if (::close(fd) != 0 && reason == 0) reason = errno;
  if (reason != 0) fail_to("append to", file, std::strerror(reason));
}

namespace {

[[noreturn]] void refuse_folder(const std::string& named, const fs::path& at, const std::string& reason) {
  throw UsageError(named + ": cannot hold results: " + at.string() + ": " + reason +
                   "; name a folder that can be made and written");
}

[[noreturn]] void refuse_file(const std::string& named, const fs::path& at, const std::string& reason) {
  throw UsageError(named + ": cannot be written: " + at.string() + ": " + reason + "; name another file");
}

// The path itself, or the nearest one above it that is there.
fs::path nearest_there(const std::string& named, const fs::path& path) {
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  while (!error && !fs::exists(at, error)) {
    if (at == at.parent_path()) break;
    if (!error) at = at.parent_path();
  }
  if (error) refuse_folder(named, at.empty() ? path : at, error.message());
  return at;
}

}  // namespace

void check_output_folder(const std::string& named, const fs::path& folder) {
  const fs::path at = nearest_there(named, folder);
  const std::string reason = why_no_folder(at);
  if (!reason.empty()) refuse_folder(named, at, reason);
  if (::access(at.c_str(), W_OK | X_OK) != 0) refuse_folder(named, at, std::strerror(errno));
}

void make_output_folder(const std::string& named, const fs::path& folder) {
  check_output_folder(named, folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse_folder(named, folder, error.message());
  std::string probe = (folder / ".hones_mpi_XXXXXX").string();
  const int fd = ::mkstemp(probe.data());
  if (fd < 0) refuse_folder(named, folder, std::strerror(errno));
  ::close(fd);
  ::unlink(probe.c_str());
}

void check_output_file(const std::string& named, const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const std::string reason = why_no_folder(folder);
  if (!reason.empty()) refuse_file(named, folder, reason);
  // Files are written beside their place and renamed.
  if (::access(folder.c_str(), W_OK | X_OK) != 0) refuse_file(named, folder, std::strerror(errno));
  std::error_code ignored;
  const bool was_there = fs::exists(file, ignored);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0644);
  if (fd < 0) refuse_file(named, file, std::strerror(errno));
  ::close(fd);
  if (!was_there) ::unlink(file.c_str());
}

DataError data_error(const fs::filesystem_error& error) {
  const std::string path = error.path1().string();
  return DataError((path.empty() ? "" : path + ": ") + error.code().message());
}

Error error_of(const std::exception& error) {
  if (const auto* known = dynamic_cast<const Error*>(&error)) return *known;
  if (const auto* place = dynamic_cast<const fs::filesystem_error*>(&error)) return data_error(*place);
  return {ExitCode::rank_failed, error.what()};
}

std::string without_label(std::string_view words) {
  const std::size_t end = words.find("] ");
  if (words.starts_with("[json.exception.") && end != std::string_view::npos) words.remove_prefix(end + 2);
  return std::string(words);
}

}  // namespace hones
