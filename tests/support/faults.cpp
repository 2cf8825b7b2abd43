// LD_PRELOAD this, and calls of the C library that concern certain files fail as a disk would make them fail:
// a full one, a quota, a read-only one, a broken one. Works for root too, to whom permissions mean nothing.
//
//   HONES_FAULT=CALL:NAME:ERRNO:AFTER
//
// open, write, fsync or rename of a file whose path ends in NAME, or holds NAME and a dot, fails with this
// error number, behind AFTER calls that do what they should. `write` is each of write, pwrite, writev and
// pwritev; `rename` looks at the new name.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

struct Fault {
  std::string call, name;
  int error = 0;
  long after = 0;
};

Fault fault_of_environment() {
  const char* text = std::getenv("HONES_FAULT");
  if (text == nullptr) return {};
  std::string_view rest = text;
  const auto field = [&] {
    const auto end = std::min(rest.find(':'), rest.size());
    std::string value(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return value;
  };
  Fault fault;
  fault.call = field();
  fault.name = field();
  fault.error = std::atoi(field().c_str());
  fault.after = std::atol(field().c_str());
  return fault;
}

// The file NAME, and what is made beside it as NAME.more.
bool concerns(std::string_view path, const std::string& name) {
  return path.ends_with(name) || path.find(name + ".") != std::string_view::npos;
}

// Whether this call fails; errno is set then.
bool fails(std::string_view call, std::string_view path) {
  static const Fault fault = fault_of_environment();
  static std::atomic<long> seen{0};
  if (fault.error == 0 || call != fault.call || !concerns(path, fault.name)) return false;
  if (seen++ < fault.after) return false;
  errno = fault.error;
  return true;
}

bool fails(std::string_view call, int fd) {
  char path[4096];
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return length > 0 && fails(call, {path, static_cast<std::size_t>(length)});
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool has_mode(int flags) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = has_mode(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  static const auto call = real<int (*)(const char*, int, ...)>("open");
  return (flags & O_ACCMODE) != O_RDONLY && fails("open", path) ? -1 : call(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = has_mode(flags) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  static const auto call = real<int (*)(const char*, int, ...)>("open64");
  return (flags & O_ACCMODE) != O_RDONLY && fails("open", path) ? -1 : call(path, flags, mode);
}

ssize_t write(int fd, const void* data, std::size_t bytes) {
  static const auto call = real<ssize_t (*)(int, const void*, std::size_t)>("write");
  return fails("write", fd) ? -1 : call(fd, data, bytes);
}

ssize_t pwrite(int fd, const void* data, std::size_t bytes, off_t at) {
  static const auto call = real<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return fails("write", fd) ? -1 : call(fd, data, bytes, at);
}

ssize_t pwrite64(int fd, const void* data, std::size_t bytes, off64_t at) {
  static const auto call = real<ssize_t (*)(int, const void*, std::size_t, off64_t)>("pwrite64");
  return fails("write", fd) ? -1 : call(fd, data, bytes, at);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int)>("writev");
  return fails("write", fd) ? -1 : call(fd, parts, count);
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return fails("write", fd) ? -1 : call(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int, off64_t)>("pwritev64");
  return fails("write", fd) ? -1 : call(fd, parts, count, at);
}

int fsync(int fd) {
  static const auto call = real<int (*)(int)>("fsync");
  return fails("fsync", fd) ? -1 : call(fd);
}

int rename(const char* from, const char* to) noexcept {
  static const auto call = real<int (*)(const char*, const char*)>("rename");
  return fails("rename", to) ? -1 : call(from, to);
}

}  // extern "C"
