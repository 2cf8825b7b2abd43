// An HDF5 file that all ranks write together, or one process alone: the same calls.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hones/comm/communicator.hpp>

#include "hdf5_call.hpp"
#include "watchdog.hpp"

namespace hones::store {

using Dims = std::vector<hsize_t>;

// A rectangle of a dataset.
struct Slab {
  Dims start, count;
};

// Every member but the counters is collective: all ranks call it, in the same order, with the same names,
// shapes and attribute values. Datasets are contiguous and their in-file type is the one in memory, because
// only then is writing collective.
class OutputFile {
 public:
  // Creates `file` (an old one is lost). A communicator without native() writes serially. The first
  // `user_block` bytes (0, or a power of two from 512 on) are left to the caller, once the file is closed.
  OutputFile(const std::filesystem::path& file, comm::Communicator& world, Watchdog& watchdog,
             std::size_t user_block = 0);
  // Closes, unless an exception unwinds: closing is collective, and a file whose write has failed cannot be
  // closed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Members of a group that keeps the order can be listed in the order in which they were made.
  void group(const std::string& path, bool keep_order = false);

  // Each rank writes the union of its `slabs` (disjoint on and between ranks; none at all is fine) from
  // `values`, packed in row-major order of the dataset. What nobody writes holds `fill`.
  template <typename T>
  void write(const std::string& path, const Dims& dims, const std::vector<Slab>& slabs,
             std::span<const T> values, T fill) {
    write_slabs(path, type_of<T>(), dims, slabs, values.data(), &fill);
  }
  // `values` is the whole dataset, equal on every rank; each writes an even share of the widest dimension.
  template <typename T>
  void write_shared(const std::string& path, const Dims& dims, std::span<const T> values) {
    write_shares(path, type_of<T>(), dims, values.data(), values.size());
  }
  // One-dimensional, of `bytes` bytes each (0: as long as the longest); longer ones are cut between
  // characters.
  void write_shared(const std::string& path, const std::vector<std::string>& values, std::size_t bytes = 0);

  template <typename T>
  void attribute(const std::string& object, const std::string& name, T value) {
    attribute(object, name, type_of<T>(), &value);
  }
  void attribute(const std::string& object, const std::string& name, const std::string& value);

  // Flushes and closes; throws where the destructor could not.
  void close();

  // What the library said about this rank's writes.
  std::int64_t datasets() const { return datasets_; }
  std::int64_t collective() const { return collective_; }

 private:
  Handle create(const std::string& path, hid_t type, const Dims& dims, const void* fill);
  void write_slabs(const std::string& path, hid_t type, const Dims& dims, const std::vector<Slab>& slabs,
                   const void* values, const void* fill);
  void write_shares(const std::string& path, hid_t type, const Dims& dims, const void* values,
                    std::size_t size);
  void transfer(const std::string& path, const Handle& dataset, hid_t type, const Handle& memory,
                const Handle& space, const void* values);
  void attribute(const std::string& object, const std::string& name, hid_t type, const void* value);

  comm::Communicator& world_;
  Watchdog& watchdog_;
  std::string name_;
  Handle file_;
  int exceptions_ = 0;
  std::int64_t datasets_ = 0;
  std::int64_t collective_ = 0;
};

// `text` cut to at most `bytes` bytes, not inside a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t bytes);

}  // namespace hones::store
