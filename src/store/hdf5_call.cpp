#include "hdf5_call.hpp"

#include <algorithm>

namespace hones::store {

namespace {

herr_t append_error(unsigned, const H5E_error2_t* error, void* text) {
  auto& line = *static_cast<std::string*>(text);
  if (!line.empty()) line += "; ";
  if (error->func_name) line += std::string(error->func_name) + ": ";
  line += error->desc ? error->desc : "no description";
  return 0;
}

// The walk is asked to go from the innermost call outwards; a positive result ends it.
herr_t first_error(unsigned, const H5E_error2_t* error, void* text) {
  if (!error->desc) return 0;
  *static_cast<std::string*>(text) = error->desc;
  return 1;
}

std::string take(H5E_direction_t direction, H5E_walk2_t each) {
  std::string line;
  H5Ewalk2(H5E_DEFAULT, direction, each, &line);
  H5Eclear2(H5E_DEFAULT);
  return line.empty() ? "HDF5 gives no reason" : line;
}

}  // namespace

std::string take_hdf5_errors() {
  return take(H5E_WALK_DOWNWARD, append_error);
}

std::string take_hdf5_cause() {
  return take(H5E_WALK_UPWARD, first_error);
}

void silence_hdf5() {
  // At exit the library would close what a failed write has left open, and crash over it. Has an effect
  // before the library's first call only, which is here.
  static const bool left_alone = H5dont_atexit() >= 0;
  static_cast<void>(left_alone);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Handle string_type(std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "H5Tcopy");
  check_hdf5(H5Tset_size(type.get(), std::max<std::size_t>(1, bytes)), "H5Tset_size");
  check_hdf5(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "H5Tset_strpad");
  check_hdf5(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

}  // namespace hones::store
