#include <fstream>
#include <string>

#include <malloc.h>

#include <hones/base/error.hpp>
#include <hones/base/memory.hpp>
#include <hones/base/process_status.hpp>

namespace hones {

namespace {

std::int64_t status_bytes(const std::string& field) {
  const std::optional<std::string> value = process_status(field);
  if (!value) throw Error(ExitCode::rank_failed, "/proc/self/status has no " + field);
  return std::stoll(*value) * 1024;  // "kB" are KiB
}

}  // namespace

void settle_allocator() {
  constexpr int kOwnPages = 4 << 20;  // bytes
  constexpr int kKept = 128 << 20;    // free bytes at the heap's end, not given back at once
  ::mallopt(M_MMAP_THRESHOLD, kOwnPages);
  ::mallopt(M_TRIM_THRESHOLD, kKept);
}

std::int64_t resident_bytes() {
  return status_bytes("VmRSS");
}

std::int64_t peak_resident_bytes() {
  return status_bytes("VmHWM");
}

void reset_peak_resident() {
  ::malloc_trim(0);
  std::ofstream reset("/proc/self/clear_refs");
  reset << "5" << std::flush;  // proc(5): resets the peak, touches no page
  if (!reset) throw Error(ExitCode::rank_failed, "/proc/self/clear_refs cannot be written");
}

}  // namespace hones
