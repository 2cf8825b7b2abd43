#include "input_file.hpp"

#include <string_view>

#include <hones/base/error.hpp>

namespace hones::store {

namespace {

std::string shape_text(const InputFile::Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    text += (i ? ", " : "") + (dims[i] == InputFile::kAny ? std::string("any") : std::to_string(dims[i]));
  }
  return text + "]";
}

bool matches(const InputFile::Dims& dims, const InputFile::Dims& expected) {
  if (dims.size() != expected.size()) return false;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (expected[i] != InputFile::kAny && expected[i] != dims[i]) return false;
  }
  return true;
}

std::string without_padding(std::string_view text) {
  return std::string(text.substr(0, text.find_last_not_of('\0') + 1));
}

Handle type_handle(hid_t type) {
  return {type, H5Tclose, "H5Tcopy"};
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& file) : name_(file.string()) {
  silence_hdf5();
  if (!std::filesystem::is_regular_file(file)) throw DataError("cannot read " + name_ + ": no such file");
  if (H5Fis_hdf5(name_.c_str()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw DataError("cannot read " + name_ + ": not an HDF5 file");
  }
  const hid_t id = H5Fopen(name_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (id < 0) throw DataError("cannot read " + name_ + ": damaged, or in use: " + take_hdf5_cause());
  file_ = Handle(id, H5Fclose, "H5Fopen");
}

void InputFile::fail(const std::string& object, const std::string& what) const {
  throw DataError(name_ + ": " + object + ": " + what);
}

bool InputFile::has(const std::string& path) const {
  const htri_t there = H5Lexists(file_.get(), path.c_str(), H5P_DEFAULT);
  if (there < 0) H5Eclear2(H5E_DEFAULT);  // a group on the way is missing
  return there > 0;
}

std::vector<std::string> InputFile::members(const std::string& group) const {
  std::vector<std::string> names;
  if (!has(group)) fail(group, "no such group");
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(name);
    return 0;
  };
  const Handle opened(check(H5Gopen2(file_.get(), group.c_str(), H5P_DEFAULT), group), H5Gclose, "H5Gopen");
  check(H5Literate(opened.get(), H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, add, &names), group);
  return names;
}

Handle InputFile::open_dataset(const std::string& dataset) const {
  if (dataset.empty() || !has(dataset)) fail(dataset, "no such dataset");
  return {check(H5Dopen2(file_.get(), dataset.c_str(), H5P_DEFAULT), dataset), H5Dclose, "H5Dopen"};
}

InputFile::Dims InputFile::dims(const std::string& dataset) const {
  const Handle opened = open_dataset(dataset);
  const Handle space(check(H5Dget_space(opened.get()), dataset), H5Sclose, "H5Dget_space");
  std::vector<hsize_t> extents(
      static_cast<std::size_t>(check(H5Sget_simple_extent_ndims(space.get()), dataset)));
  check(H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr), dataset);
  return {extents.begin(), extents.end()};
}

InputFile::Opened InputFile::open(const std::string& dataset, const Dims& expected) const {
  const Dims shape = dims(dataset);
  if (!matches(shape, expected))
    fail(dataset, "shape " + shape_text(shape) + ", expected " + shape_text(expected));
  Opened opened{open_dataset(dataset), 1};
  for (const std::int64_t extent : shape) opened.elements *= static_cast<std::size_t>(extent);
  return opened;
}

InputFile::Opened InputFile::open(const std::string& dataset, const Dims& expected, hid_t type) const {
  Opened opened = open(dataset, expected);
  const Handle stored = type_handle(check(H5Dget_type(opened.dataset.get()), dataset));
  if (check(H5Tequal(stored.get(), type), dataset) == 0)
    fail(dataset, "not of the type that docs/outputs.md gives it");
  return opened;
}

void InputFile::fill(const std::string& dataset, const Opened& opened, hid_t type, void* values) const {
  if (opened.elements == 0) return;
  check(H5Dread(opened.dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), dataset);
}

std::vector<std::int64_t> InputFile::read_integers(const std::string& dataset, const Dims& expected) const {
  const Opened opened = open(dataset, expected);
  const Handle stored = type_handle(check(H5Dget_type(opened.dataset.get()), dataset));
  if (H5Tget_class(stored.get()) != H5T_INTEGER) fail(dataset, "holds no integers");
  std::vector<std::int64_t> values(opened.elements);
  fill(dataset, opened, H5T_NATIVE_INT64, values.data());
  return values;
}

std::vector<std::string> InputFile::read_strings(const std::string& dataset, std::int64_t expected) const {
  const Dims shape = dims(dataset);
  if (!matches(shape, {expected}))
    fail(dataset, "shape " + shape_text(shape) + ", expected " + shape_text({expected}));
  const Handle opened = open_dataset(dataset);
  const Handle type = type_handle(check(H5Dget_type(opened.get()), dataset));
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
    fail(dataset, "not fixed-length strings");
  }
  const std::size_t bytes = H5Tget_size(type.get());
  std::string packed(static_cast<std::size_t>(expected) * bytes, '\0');
  if (expected > 0)
    check(H5Dread(opened.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()), dataset);
  std::vector<std::string> values;
  for (std::size_t at = 0; at < packed.size(); at += bytes) {
    values.push_back(without_padding(std::string_view(packed).substr(at, bytes)));
  }
  return values;
}

Handle InputFile::open_attribute(const std::string& object, const std::string& name) const {
  if (H5Aexists_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    fail(object, "no attribute " + name);
  }
  return {check(H5Aopen_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), object),
          H5Aclose, "H5Aopen"};
}

void InputFile::read_attribute(const std::string& object, const std::string& name, hid_t type,
                               void* value) const {
  const Handle opened = open_attribute(object, name);
  const Handle stored = type_handle(check(H5Aget_type(opened.get()), object));
  const Handle space(check(H5Aget_space(opened.get()), object), H5Sclose, "H5Aget_space");
  if (check(H5Tequal(stored.get(), type), object) == 0 || H5Sget_simple_extent_npoints(space.get()) != 1) {
    fail(object, "attribute " + name + " is not one number of its type");
  }
  check(H5Aread(opened.get(), type, value), object);
}

std::string InputFile::text_attribute(const std::string& object, const std::string& name) const {
  const Handle opened = open_attribute(object, name);
  const Handle type = type_handle(check(H5Aget_type(opened.get()), object));
  const Handle space(check(H5Aget_space(opened.get()), object), H5Sclose, "H5Aget_space");
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0 ||
      H5Sget_simple_extent_npoints(space.get()) != 1) {
    fail(object, "attribute " + name + " is not a fixed-length string");
  }
  std::string text(H5Tget_size(type.get()), '\0');
  check(H5Aread(opened.get(), type.get(), text.data()), object);
  return without_padding(text);
}

bool InputFile::has_attribute(const std::string& object, const std::string& name) const {
  return check(H5Aexists_by_name(file_.get(), object.c_str(), name.c_str(), H5P_DEFAULT), object) > 0;
}

std::map<std::string, std::string> InputFile::text_attributes(const std::string& object) const {
  std::vector<std::string> names;
  if (!has(object)) fail(object, "no such group");
  const auto add = [](hid_t, const char* name, const H5A_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(name);
    return 0;
  };
  check(H5Aiterate_by_name(file_.get(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names,
                           H5P_DEFAULT),
        object);
  std::map<std::string, std::string> texts;
  for (const std::string& name : names) texts[name] = text_attribute(object, name);
  return texts;
}

}  // namespace hones::store
