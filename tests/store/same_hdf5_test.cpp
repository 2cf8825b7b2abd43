// The comparison that the tests of the sweep rely on notices every kind of difference.
#include "support/same_hdf5.hpp"

#include <cmath>

#include <hdf5.h>

#include "support/scratch.hpp"

namespace hones::test {
namespace {

// A file in which one thing at a time is made otherwise.
struct Made {
  hid_t type = H5T_STD_I32LE;
  std::vector<hsize_t> dims{2, 3};
  hsize_t most = 3;  // of the last dimension
  std::int32_t last = 5;
  double number = std::nan("1");
  std::string attribute = "bleu4";
  const char* text = "zwei";
  std::int16_t listed = 7;
  bool other_order = false;
  bool more = false;

  void write(const std::filesystem::path& path) const;
};

hid_t space_of(const std::vector<hsize_t>& dims, const std::vector<hsize_t>& most = {}) {
  return H5Screate_simple(static_cast<int>(dims.size()), dims.data(), most.empty() ? nullptr : most.data());
}

void dataset(hid_t file, const char* name, hid_t stored, hid_t space, hid_t type, const void* values) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t dims[2], most[2];
  const int rank = H5Sget_simple_extent_dims(space, dims, most);
  if (rank == 2 && most[1] != dims[1]) H5Pset_chunk(creation, rank, dims);
  const hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(set);
  H5Pclose(creation);
  H5Sclose(space);
}

void Made::write(const std::filesystem::path& path) const {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t ordered = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_link_creation_order(ordered, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  const hid_t tasks = H5Gcreate2(file, "/tasks", H5P_DEFAULT, ordered, H5P_DEFAULT);
  for (const char* name : {other_order ? "ocr" : "vqa", other_order ? "vqa" : "ocr"})
    H5Gclose(H5Gcreate2(tasks, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  if (more) H5Gclose(H5Gcreate2(file, "/more", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));

  const std::int32_t numbers[] = {0, 1, 2, 3, 4, last};
  dataset(file, "/tasks/vqa/cell", type, space_of(dims, {dims[0], most}), H5T_NATIVE_INT32, numbers);
  dataset(file, "/nan", H5T_IEEE_F64LE, H5Screate(H5S_SCALAR), H5T_NATIVE_DOUBLE, &number);
  const hid_t text_type = H5Tcopy(H5T_C_S1);
  H5Tset_size(text_type, H5T_VARIABLE);
  const char* texts[] = {"eins", text, nullptr};
  dataset(file, "/texts", text_type, space_of({3}), text_type, texts);
  H5Tclose(text_type);
  const hid_t list_type = H5Tvlen_create(H5T_NATIVE_INT16);
  std::int16_t values[] = {1, 2, listed};
  const hvl_t lists[] = {{2, values}, {0, nullptr}, {3, values}};
  dataset(file, "/lists", list_type, space_of({3}), list_type, lists);
  H5Tclose(list_type);

  const hid_t fixed = H5Tcopy(H5T_C_S1);
  H5Tset_size(fixed, attribute.size());
  const hid_t scalar = H5Screate(H5S_SCALAR);
  const hid_t made = H5Acreate2(tasks, "metric", fixed, scalar, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(made, fixed, attribute.data());
  H5Aclose(made);
  H5Sclose(scalar);
  H5Tclose(fixed);
  H5Gclose(tasks);
  H5Pclose(ordered);
  H5Fclose(file);
}

// The message on two files, the second made as `change` says.
template <typename Change>
std::string compared(Change change) {
  const Scratch scratch;
  Made made;
  made.write(scratch.path() / "a.h5");
  change(made);
  made.write(scratch.path() / "b.h5");
  const auto result = same_hdf5(scratch.path() / "a.h5", scratch.path() / "b.h5");
  EXPECT_EQ(static_cast<bool>(result), contains(result.message(), "are the same"));
  return result.message();
}

TEST(SameHdf5, TwoFilesMadeAlike) {
  EXPECT_NAMES(compared([](Made&) {}), "are the same");
}

TEST(SameHdf5, EveryDifferenceIsNamed) {
  EXPECT_NAMES(compared([](Made& made) { made.last = 6; }),
               "/tasks/vqa/cell: bytes differ, first in element 5");
  EXPECT_NAMES(compared([](Made& made) { made.type = H5T_STD_I64LE; }), "/tasks/vqa/cell: types differ");
  EXPECT_NAMES(compared([](Made& made) {
                 made.dims = {3, 2};
                 made.most = 2;
               }),
               "/tasks/vqa/cell: [2, 3] against [3, 2]");
  EXPECT_NAMES(compared([](Made& made) { made.most = H5S_UNLIMITED; }),
               "/tasks/vqa/cell: [2, 3] against [2, 3 of at most any]");
  EXPECT_NAMES(compared([](Made& made) { made.number = std::nan("2"); }), "/nan: bytes differ");
  EXPECT_NAMES(compared([](Made& made) { made.text = "drei"; }), "/texts: elements differ");
  EXPECT_NAMES(compared([](Made& made) { made.text = nullptr; }), "/texts: elements differ");
  EXPECT_NAMES(compared([](Made& made) { made.listed = 8; }), "/lists: elements differ");
  EXPECT_NAMES(compared([](Made& made) { made.attribute = "bleu3"; }),
               "/tasks attribute metric: bytes differ");
  EXPECT_NAMES(compared([](Made& made) { made.attribute = "bleu"; }),
               "/tasks attribute metric: types differ");
  EXPECT_NAMES(compared([](Made& made) { made.other_order = true; }),
               "/tasks: members or their order differ");
  EXPECT_NAMES(compared([](Made& made) { made.more = true; }), "/more: only in the second");
}

TEST(SameHdf5, WhatIsExceptedDoesNotCount) {
  const Scratch scratch;
  const auto a = scratch.path() / "a.h5", b = scratch.path() / "b.h5";
  Made made;
  made.write(a);
  EXPECT_EQ(compare_hdf5(a, a).compared, 9U);  // four groups, four datasets, an attribute
  made.attribute = "bleu3";
  made.last = 6;
  made.more = true;
  made.write(b);
  using Lines = std::vector<std::string>;
  EXPECT_EQ(compare_hdf5(a, b, {"* attribute metric", "/more*"}).differences,
            Lines{"/tasks/vqa/cell: bytes differ, first in element 5"});
  EXPECT_EQ(compare_hdf5(a, b, {"*/cell", "/more"}).differences,
            Lines{"/tasks attribute metric: bytes differ, first in element 0"});
  EXPECT_EQ(compare_hdf5(a, b, {"/tasks/*/cell", "/tasks attribute metric"}).differences,
            (Lines{"/: members or their order differ", "/more: only in the second"}));
  EXPECT_EQ(compare_hdf5(a, b, {"/tasks*", "/more"}).differences, Lines{});
}

TEST(SameHdf5, NothingIsNotTheSame) {
  const Scratch scratch;
  H5Fclose(H5Fcreate((scratch.path() / "empty.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_NAMES(same_hdf5(scratch.path() / "empty.h5", scratch.path() / "empty.h5").message(), "no dataset");
  EXPECT_FALSE(same_hdf5(scratch.path() / "empty.h5", scratch.path() / "none.h5"));
}

}  // namespace
}  // namespace hones::test
