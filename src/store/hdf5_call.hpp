// HDF5's C interface (its C++ one is not parallel) with failures as exceptions and handles with owners.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <hdf5.h>  // the parallel one, which brings mpi.h along

#include <hones/base/error.hpp>

namespace hones::store {

// HDF5's error stack as one line, outermost call first; empties the stack.
std::string take_hdf5_errors();
// Only its innermost entry, the cause ("truncated file: eof = 3000, ..."), for people with a file; empties
// the stack.
std::string take_hdf5_cause();

// HDF5 prints its stack by itself unless told not to; here it goes into exceptions. Also keeps the library
// from closing files when the process ends. Called before anything else of HDF5.
void silence_hdf5();

// Passes a result through; throws Error(rank_failed) with `what` and HDF5's words when it is negative.
template <typename Result>
Result check_hdf5(Result result, const std::string& what) {
  if (result < 0) throw Error(ExitCode::rank_failed, what + " failed: " + take_hdf5_errors());
  return result;
}

// Owner of an identifier. Move-only; closing in the destructor cannot throw, close() can.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);

  Handle() = default;
  // Throws like check_hdf5 when `id` is negative: Handle(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate").
  Handle(hid_t id, Close close, const std::string& what) : id_(check_hdf5(id, what)), close_(close) {}
  ~Handle() {
    if (close_) close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(other.id_), close_(std::exchange(other.close_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      if (close_) close_(id_);
      id_ = other.id_;
      close_ = std::exchange(other.close_, nullptr);
    }
    return *this;
  }

  hid_t get() const { return id_; }
  void close(const std::string& what) {
    if (const Close close = std::exchange(close_, nullptr)) check_hdf5(close(id_), what);
  }
  // Gives the identifier up without closing it.
  void leave() { close_ = nullptr; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

// The type of T in memory and in the file: the same on purpose, since a conversion ends collective writing.
template <typename T>
hid_t type_of();
template <>
inline hid_t type_of<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t type_of<std::uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
inline hid_t type_of<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
inline hid_t type_of<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t type_of<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t type_of<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}

// Fixed-length UTF-8, padded with NUL, at least one byte.
Handle string_type(std::size_t bytes);

}  // namespace hones::store
