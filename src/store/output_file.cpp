#include "output_file.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <numeric>

namespace hones::store {

namespace {

hsize_t elements(const Dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), hsize_t{1}, std::multiplies<>());
}

Handle simple_space(const Dims& dims) {
  return {H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose,
          "H5Screate_simple"};
}

Handle property_list(hid_t kind) {
  return {H5Pcreate(kind), H5Pclose, "H5Pcreate"};
}

// Result files must not differ by when they were made.
Handle creation_list(hid_t kind) {
  Handle list = property_list(kind);
  check_hdf5(H5Pset_obj_track_times(list.get(), false), "H5Pset_obj_track_times");
  return list;
}

void select(const Handle& space, const std::vector<Slab>& slabs) {
  check_hdf5(H5Sselect_none(space.get()), "H5Sselect_none");
  for (const Slab& slab : slabs) {
    check_hdf5(H5Sselect_hyperslab(space.get(), H5S_SELECT_OR, slab.start.data(), nullptr, slab.count.data(),
                                   nullptr),
               "H5Sselect_hyperslab");
  }
}

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& file, comm::Communicator& world, Watchdog& watchdog,
                       std::size_t user_block)
    : world_(world), watchdog_(watchdog), name_(file.string()), exceptions_(std::uncaught_exceptions()) {
  silence_hdf5();
  const Handle creation = creation_list(H5P_FILE_CREATE);
  check_hdf5(H5Pset_userblock(creation.get(), user_block), "H5Pset_userblock");
  const Handle access = property_list(H5P_FILE_ACCESS);
  if (const void* native = world.native()) {
    check_hdf5(H5Pset_fapl_mpio(access.get(), *static_cast<const MPI_Comm*>(native), MPI_INFO_NULL),
               "H5Pset_fapl_mpio");
  }
  const std::string what = "H5Fcreate of " + name_;
  const auto watch = watchdog_.watch(what);
  file_ = Handle(H5Fcreate(name_.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose, what);
}

OutputFile::~OutputFile() {
  if (std::uncaught_exceptions() != exceptions_) file_.leave();
}

void OutputFile::close() {
  const auto watch = watchdog_.watch("H5Fclose of " + name_);
  check_hdf5(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), "H5Fflush of " + name_);
  file_.close("H5Fclose of " + name_);
}

void OutputFile::group(const std::string& path, bool keep_order) {
  const Handle creation = creation_list(H5P_GROUP_CREATE);
  if (keep_order) {
    check_hdf5(H5Pset_link_creation_order(creation.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
               "H5Pset_link_creation_order");
  }
  const std::string what = "H5Gcreate of " + path;
  const auto watch = watchdog_.watch(what);
  const Handle made(H5Gcreate2(file_.get(), path.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), H5Gclose,
                    what);
}

Handle OutputFile::create(const std::string& path, hid_t type, const Dims& dims, const void* fill) {
  const Handle creation = creation_list(H5P_DATASET_CREATE);
  if (fill) check_hdf5(H5Pset_fill_value(creation.get(), type, fill), "H5Pset_fill_value of " + path);
  const std::string what = "H5Dcreate of " + path;
  const auto watch = watchdog_.watch(what);
  return {H5Dcreate2(file_.get(), path.c_str(), type, simple_space(dims).get(), H5P_DEFAULT, creation.get(),
                     H5P_DEFAULT),
          H5Dclose, what};
}

void OutputFile::write_slabs(const std::string& path, hid_t type, const Dims& dims,
                             const std::vector<Slab>& slabs, const void* values, const void* fill) {
  const Handle dataset = create(path, type, dims, fill);
  if (elements(dims) == 0) return;
  const Handle space = simple_space(dims);
  select(space, slabs);
  const auto mine =
      static_cast<hsize_t>(check_hdf5(H5Sget_select_npoints(space.get()), "H5Sget_select_npoints"));
  const Handle memory = simple_space({std::max<hsize_t>(1, mine)});
  if (mine == 0) select(memory, {});
  transfer(path, dataset, type, memory, space, values);
}

void OutputFile::write_shares(const std::string& path, hid_t type, const Dims& dims, const void* values,
                              std::size_t size) {
  HONES_ASSERT(size == elements(dims), path + ": " + std::to_string(size) + " values");
  const Handle dataset = create(path, type, dims, nullptr);
  if (elements(dims) == 0) return;
  const auto widest = static_cast<std::size_t>(std::max_element(dims.begin(), dims.end()) - dims.begin());
  const auto rank = static_cast<hsize_t>(world_.rank());
  const auto ranks = static_cast<hsize_t>(world_.size());
  const hsize_t begin = dims[widest] * rank / ranks;
  const hsize_t end = dims[widest] * (rank + 1) / ranks;
  std::vector<Slab> share;
  if (begin < end) {
    share.push_back({Dims(dims.size(), 0), dims});
    share[0].start[widest] = begin;
    share[0].count[widest] = end - begin;
  }
  const Handle space = simple_space(dims);
  select(space, share);
  transfer(path, dataset, type, space, space, values);
}

void OutputFile::transfer(const std::string& path, const Handle& dataset, hid_t type, const Handle& memory,
                          const Handle& space, const void* values) {
  const std::string what = "H5Dwrite of " + path;
  const bool parallel = world_.native() != nullptr;
  const Handle list = property_list(H5P_DATASET_XFER);
  if (parallel) check_hdf5(H5Pset_dxpl_mpio(list.get(), H5FD_MPIO_COLLECTIVE), "H5Pset_dxpl_mpio");
  const char nothing = 0;
  {
    const auto watch = watchdog_.watch(what);
    check_hdf5(
        H5Dwrite(dataset.get(), type, memory.get(), space.get(), list.get(), values ? values : &nothing),
        what);
  }
  ++datasets_;
  if (!parallel) return;
  H5D_mpio_actual_io_mode_t mode = H5D_MPIO_NO_COLLECTIVE;
  check_hdf5(H5Pget_mpio_actual_io_mode(list.get(), &mode), "H5Pget_mpio_actual_io_mode");
  if (mode != H5D_MPIO_NO_COLLECTIVE) {
    ++collective_;
  } else if (world_.size() > 1) {
    std::uint32_t local = 0;
    std::uint32_t global = 0;
    check_hdf5(H5Pget_mpio_no_collective_cause(list.get(), &local, &global),
               "H5Pget_mpio_no_collective_cause");
    throw InternalError(what + " was not collective: causes " + std::to_string(local) + " here, " +
                        std::to_string(global) + " on any rank (H5D_mpio_no_collective_cause_t)");
  }
}

void OutputFile::write_shared(const std::string& path, const std::vector<std::string>& values,
                              std::size_t bytes) {
  if (bytes == 0) {
    bytes = 1;
    for (const std::string& value : values) bytes = std::max(bytes, value.size());
  }
  std::vector<char> packed(values.size() * bytes, '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string_view text = cut_utf8(values[i], bytes);
    std::copy(text.begin(), text.end(), packed.begin() + static_cast<std::ptrdiff_t>(i * bytes));
  }
  write_shares(path, string_type(bytes).get(), {values.size()}, packed.data(), values.size());
}

void OutputFile::attribute(const std::string& object, const std::string& name, const std::string& value) {
  std::string padded = value;
  padded.resize(std::max<std::size_t>(1, value.size()));
  attribute(object, name, string_type(value.size()).get(), padded.data());
}

void OutputFile::attribute(const std::string& object, const std::string& name, hid_t type,
                           const void* value) {
  const std::string what = "attribute " + name + " of " + object;
  const auto watch = watchdog_.watch(what);
  const Handle scalar(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate");
  const Handle made(H5Acreate_by_name(file_.get(), object.c_str(), name.c_str(), type, scalar.get(),
                                      H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                    H5Aclose, what);
  check_hdf5(H5Awrite(made.get(), type, value), what);
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  // A byte 10xxxxxx continues a character: step back until the first byte left out begins one.
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace hones::store
