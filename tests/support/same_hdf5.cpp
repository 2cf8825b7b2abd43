#include "support/same_hdf5.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <fnmatch.h>
#include <hdf5.h>

namespace hones::test {

namespace {

template <typename Result>
Result checked(Result result, const std::string& what) {
  if (result < 0) throw std::runtime_error(what + " failed");
  return result;
}

class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(checked(id, what)), close_(close) {}
  ~Id() { close_(id_); }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// What is compared of an object or an attribute.
struct Value {
  std::string kind;
  std::string type;  // as HDF5 encodes it
  std::string shape;
  std::string content;    // raw bytes; a group's members, each ended by a NUL
  std::size_t width = 0;  // bytes of an element; 0: they differ, or there are none
};

using Contents = std::map<std::string, Value>;
using Read = std::function<herr_t(hid_t type, void* into)>;

bool is_excepted(const std::string& name, const std::vector<std::string>& except) {
  return std::any_of(except.begin(), except.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

std::string encoded(hid_t type) {
  std::size_t size = 0;
  checked(H5Tencode(type, nullptr, &size), "H5Tencode");
  std::string bytes(size, '\0');
  checked(H5Tencode(type, bytes.data(), &size), "H5Tencode");
  return bytes;
}

std::string shape_text(hid_t space) {
  const H5S_class_t kind = H5Sget_simple_extent_type(space);
  if (kind == H5S_SCALAR) return "scalar";
  if (kind == H5S_NULL) return "null";
  const auto rank = static_cast<std::size_t>(checked(H5Sget_simple_extent_ndims(space), "H5Sget_ndims"));
  std::vector<hsize_t> dims(rank), most(rank);
  checked(H5Sget_simple_extent_dims(space, dims.data(), most.data()), "H5Sget_simple_extent_dims");
  std::string text = "[";
  for (std::size_t i = 0; i < rank; ++i) {
    text += (i ? ", " : "") + std::to_string(dims[i]);
    if (most[i] != dims[i])
      text += " of at most " + (most[i] == H5S_UNLIMITED ? "any" : std::to_string(most[i]));
  }
  return text + "]";
}

// Elements of variable length, each as its length and its bytes.
std::string unfolded(hid_t type, const std::string& raw, std::size_t elements, const std::string& name) {
  std::string bytes;
  const auto append = [&bytes](const void* data, std::size_t size) {
    bytes += std::to_string(size) + ':';
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
  };
  if (H5Tget_class(type) == H5T_STRING) {
    const auto* texts = reinterpret_cast<const char* const*>(raw.data());
    for (std::size_t i = 0; i < elements; ++i) append(texts[i], texts[i] ? std::string(texts[i]).size() : 0);
    return bytes;
  }
  const Id base(H5Tget_super(type), H5Tclose, "H5Tget_super of " + name);
  if (H5Tdetect_class(base.get(), H5T_VLEN) != 0 || H5Tis_variable_str(base.get()) != 0)
    throw std::runtime_error(name + ": same_hdf5 does not know elements of variable length within others");
  const auto* lists = reinterpret_cast<const hvl_t*>(raw.data());
  for (std::size_t i = 0; i < elements; ++i) append(lists[i].p, lists[i].len * H5Tget_size(base.get()));
  return bytes;
}

Value read_value(const std::string& kind, hid_t type, hid_t space, const std::string& name,
                 const Read& read) {
  Value value{kind, encoded(type), shape_text(space), {}, 0};
  const auto elements =
      static_cast<std::size_t>(checked(H5Sget_simple_extent_npoints(space), "H5Sget_npoints of " + name));
  const bool variable = H5Tget_class(type) == H5T_VLEN || H5Tis_variable_str(type) > 0;
  if (!variable && H5Tdetect_class(type, H5T_VLEN) != 0)
    throw std::runtime_error(name + ": same_hdf5 does not know elements of variable length within others");
  if (elements == 0) return value;
  // The file's own type in memory as well: nothing is converted.
  std::string raw(elements * H5Tget_size(type), '\0');
  checked(read(type, raw.data()), "reading " + name);
  if (variable) {
    value.content = unfolded(type, raw, elements, name);
    checked(H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw.data()), "H5Dvlen_reclaim of " + name);
  } else {
    value.content = std::move(raw);
    value.width = H5Tget_size(type);
  }
  return value;
}

void add_attributes(Contents& contents, hid_t object, const std::string& name,
                    const std::vector<std::string>& except) {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* attribute, const H5A_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(attribute);
    return 0;
  };
  checked(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names), "H5Aiterate of " + name);
  for (const std::string& attribute : names) {
    const std::string full = name + " attribute " + attribute;
    if (is_excepted(full, except)) continue;
    const Id opened(H5Aopen(object, attribute.c_str(), H5P_DEFAULT), H5Aclose, "H5Aopen of " + full);
    const Id type(H5Aget_type(opened.get()), H5Tclose, "H5Aget_type of " + full);
    const Id space(H5Aget_space(opened.get()), H5Sclose, "H5Aget_space of " + full);
    contents[full] = read_value("attribute", type.get(), space.get(), full,
                                [&](hid_t in, void* into) { return H5Aread(opened.get(), in, into); });
  }
}

// Its members but for the excepted ones, in the order of their making where it keeps that.
Value group_value(hid_t group, const std::string& name, const std::vector<std::string>& except) {
  const Id creation(H5Gget_create_plist(group), H5Pclose, "H5Gget_create_plist of " + name);
  unsigned order = 0;
  checked(H5Pget_link_creation_order(creation.get(), &order), "H5Pget_link_creation_order of " + name);
  Value value{"group", {}, {}, {}, 0};
  value.shape = order & H5P_CRT_ORDER_TRACKED ? "ordered" : "without an order";
  std::vector<std::string> members;
  const auto add = [](hid_t, const char* member, const H5L_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(member);
    return 0;
  };
  checked(H5Literate(group, order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC,
                     nullptr, add, &members),
          "H5Literate of " + name);
  for (const std::string& member : members) {
    if (!is_excepted((name == "/" ? name : name + "/") + member, except))
      value.content.append(member).push_back('\0');
  }
  return value;
}

void add_object(Contents& contents, hid_t file, const std::string& name,
                const std::vector<std::string>& except) {
  const Id object(H5Oopen(file, name.c_str(), H5P_DEFAULT), H5Oclose, "H5Oopen of " + name);
  const H5I_type_t kind = H5Iget_type(object.get());
  if (kind == H5I_GROUP) {
    contents[name] = group_value(object.get(), name, except);
  } else if (kind == H5I_DATASET) {
    const Id type(H5Dget_type(object.get()), H5Tclose, "H5Dget_type of " + name);
    const Id space(H5Dget_space(object.get()), H5Sclose, "H5Dget_space of " + name);
    contents[name] = read_value("dataset", type.get(), space.get(), name, [&](hid_t in, void* into) {
      return H5Dread(object.get(), in, H5S_ALL, H5S_ALL, H5P_DEFAULT, into);
    });
  } else {
    contents[name] = {"named type", encoded(object.get()), {}, {}, 0};
  }
  add_attributes(contents, object.get(), name, except);
}

Contents read_contents(const std::filesystem::path& path, const std::vector<std::string>& except) {
  const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "H5Fopen of " + path.string());
  std::vector<std::string> names{"/"};
  const auto add = [](hid_t, const char* name, const H5L_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->push_back(std::string("/") + name);
    return 0;
  };
  // Links, not objects: an object with two names is compared under both.
  checked(H5Lvisit(file.get(), H5_INDEX_NAME, H5_ITER_INC, add, &names), "H5Lvisit of " + path.string());
  Contents contents;
  for (const std::string& name : names) {
    if (!is_excepted(name, except)) add_object(contents, file.get(), name, except);
  }
  return contents;
}

std::string difference(const Value& a, const Value& b) {
  if (a.kind != b.kind) return "a " + a.kind + " against a " + b.kind;
  if (a.type != b.type) return "types differ";
  if (a.shape != b.shape) return a.shape + " against " + b.shape;
  if (a.content == b.content) return {};
  if (a.width == 0) return a.kind == "group" ? "members or their order differ" : "elements differ";
  const auto parted = std::mismatch(a.content.begin(), a.content.end(), b.content.begin()).first;
  const auto at = static_cast<std::size_t>(parted - a.content.begin()) / a.width;
  return "bytes differ, first in element " + std::to_string(at);
}

bool has_dataset(const Contents& contents) {
  return std::any_of(contents.begin(), contents.end(),
                     [](const auto& entry) { return entry.second.kind == "dataset"; });
}

}  // namespace

Comparison compare_hdf5(const std::filesystem::path& a, const std::filesystem::path& b,
                        const std::vector<std::string>& except) {
  const Contents left = read_contents(a, except), right = read_contents(b, except);
  if (!has_dataset(left)) throw std::runtime_error(a.string() + " holds no dataset");
  Comparison result;
  result.compared = left.size();
  for (const auto& [name, value] : left) {
    const auto other = right.find(name);
    const std::string what = other == right.end() ? "only in the first" : difference(value, other->second);
    if (!what.empty()) result.differences.push_back(name + ": " + what);
  }
  for (const auto& [name, value] : right) {
    if (left.contains(name)) continue;
    ++result.compared;
    result.differences.push_back(name + ": only in the second");
  }
  return result;
}

testing::AssertionResult same_hdf5(const std::filesystem::path& a, const std::filesystem::path& b) {
  constexpr std::size_t kShown = 20;
  const std::string both = a.string() + " and " + b.string();
  try {
    const std::vector<std::string> lines = compare_hdf5(a, b).differences;
    if (lines.empty()) return testing::AssertionSuccess() << both << " are the same";
    testing::AssertionResult result = testing::AssertionFailure() << both << " differ:";
    for (std::size_t i = 0; i < std::min(lines.size(), kShown); ++i) result << "\n  " << lines[i];
    if (lines.size() > kShown) result << "\n  and " << lines.size() - kShown << " more";
    return result;
  } catch (const std::exception& error) {
    return testing::AssertionFailure() << both << ": " << error.what();
  }
}

}  // namespace hones::test
