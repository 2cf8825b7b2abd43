// A result file being read, serially. Whatever is not as expected is a DataError that names file and object.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "hdf5_call.hpp"

namespace hones::store {

class InputFile {
 public:
  using Dims = std::vector<std::int64_t>;
  // In expected shapes: any extent.
  static constexpr std::int64_t kAny = -1;

  explicit InputFile(const std::filesystem::path& file);

  bool has(const std::string& path) const;
  // Names in a group in the order in which they were made.
  std::vector<std::string> members(const std::string& group) const;

  Dims dims(const std::string& dataset) const;
  template <typename T>
  std::vector<T> read(const std::string& dataset, const Dims& expected) const {
    std::vector<T> values;
    const Opened opened = open(dataset, expected, type_of<T>());
    values.resize(opened.elements);
    fill(dataset, opened, type_of<T>(), values.data());
    return values;
  }
  // Integers of any width, signed or not; what 64 signed bits do not hold becomes the nearest that they do.
  std::vector<std::int64_t> read_integers(const std::string& dataset, const Dims& expected) const;
  std::vector<std::string> read_strings(const std::string& dataset, std::int64_t expected) const;

  template <typename T>
  T attribute(const std::string& object, const std::string& name) const {
    T value{};
    read_attribute(object, name, type_of<T>(), &value);
    return value;
  }
  bool has_attribute(const std::string& object, const std::string& name) const;
  std::string text_attribute(const std::string& object, const std::string& name) const;
  std::map<std::string, std::string> text_attributes(const std::string& object) const;

  [[noreturn]] void fail(const std::string& object, const std::string& what) const;

 private:
  struct Opened {
    Handle dataset;
    std::size_t elements = 0;
  };
  Opened open(const std::string& dataset, const Dims& expected) const;
  Opened open(const std::string& dataset, const Dims& expected, hid_t type) const;
  Handle open_dataset(const std::string& dataset) const;
  void fill(const std::string& dataset, const Opened& opened, hid_t type, void* values) const;
  Handle open_attribute(const std::string& object, const std::string& name) const;
  void read_attribute(const std::string& object, const std::string& name, hid_t type, void* value) const;
  template <typename Result>
  Result check(Result result, const std::string& object) const {
    if (result < 0) fail(object, take_hdf5_cause());
    return result;
  }

  std::string name_;
  Handle file_;
};

}  // namespace hones::store
