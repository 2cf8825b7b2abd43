#include <gtest/gtest.h>
#include <hdf5.h>

#include <hones/store/index_pairs.hpp>

#include "support/scratch.hpp"

namespace hones::store {
namespace {

using test::data_error;

class IndexPairs : public testing::Test {
 protected:
  IndexPairs() : file_(scratch_.path() / "sets.h5") {
    const hid_t file = H5Fcreate(file_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "/bank", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    const std::int32_t three[] = {0, 5, 31, 11007, 2, 0};
    add(file, "/bank/int32", H5T_STD_I32LE, {3, 2}, H5T_NATIVE_INT32, three);
    add(file, "/bank/uint16_big_endian", H5T_STD_U16BE, {3, 2}, H5T_NATIVE_INT32, three);
    add(file, "/bank/none", H5T_STD_I64LE, {0, 2}, H5T_NATIVE_INT32, nullptr);
    add(file, "/bank/flat", H5T_STD_I32LE, {6}, H5T_NATIVE_INT32, three);
    add(file, "/bank/threes", H5T_STD_I32LE, {2, 3}, H5T_NATIVE_INT32, three);
    const double floats[] = {0, 1};
    add(file, "/bank/floats", H5T_IEEE_F64LE, {1, 2}, H5T_NATIVE_DOUBLE, floats);
    H5Fclose(file);
  }

  static void add(hid_t file, const char* name, hid_t stored, const std::vector<hsize_t>& dims, hid_t type,
                  const void* values) {
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
  }

  // The line of the refusal, which must be one and name the file and the dataset; nothing else is printed.
  std::string refusal(const std::string& dataset) const {
    testing::internal::CaptureStderr();
    const std::string line = data_error([&] { read_index_pairs(file_, dataset); });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_NAMES(line, file_.string() + ": " + dataset + ": ");
    EXPECT_NAMES(line, "expected an integer dataset of shape [k, 2]");
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    EXPECT_EQ(line.find("H5", file_.string().size()), std::string::npos) << "HDF5's own stack: " << line;
    return line;
  }

  test::Scratch scratch_;
  std::filesystem::path file_;
};

TEST_F(IndexPairs, AreReadFromAnyIntegerType) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> three{{0, 5}, {31, 11007}, {2, 0}};
  EXPECT_EQ(read_index_pairs(file_, "/bank/int32"), three);
  EXPECT_EQ(read_index_pairs(file_, "bank/int32"), three);
  EXPECT_EQ(read_index_pairs(file_, "/bank/uint16_big_endian"), three);
  EXPECT_TRUE(read_index_pairs(file_, "/bank/none").empty());
}

TEST_F(IndexPairs, SayWhatElseTheyFound) {
  EXPECT_NAMES(refusal("/bank/missing"), "no such dataset");
  EXPECT_NAMES(refusal("/no/group"), "no such dataset");
  EXPECT_NAMES(refusal(""), "no such dataset");
  EXPECT_NAMES(refusal("/bank"), "not a dataset");
  EXPECT_NAMES(refusal("/bank/flat"), "shape [6]");
  EXPECT_NAMES(refusal("/bank/threes"), "shape [2, 3]");
  EXPECT_NAMES(refusal("/bank/floats"), "no integers");
}

TEST_F(IndexPairs, NameTheFileThatIsNone) {
  EXPECT_NAMES(data_error([&] { read_index_pairs(scratch_.path() / "none.h5", "/x"); }),
               "none.h5: no such file");
  const auto text = scratch_.write("text.h5", "layer,neuron\n");
  EXPECT_NAMES(data_error([&] { read_index_pairs(text, "/x"); }), "text.h5: not an HDF5 file");
}

}  // namespace
}  // namespace hones::store
