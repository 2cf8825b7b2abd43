// A file that is not what it should be is named, and so is the part that is wrong. Every rank tests its own
// file.
#include <filesystem>

#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/store/discovery_file.hpp>

#include "output_file.hpp"
#include "store/made_run.hpp"

namespace hones::store {
namespace {

class Refusal : public testing::Test {
 protected:
  Refusal()
      : world_(comm::local()),
        folder_(std::filesystem::temp_directory_path() / ("hones_refusal_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    DiscoveryWriter writer(good(), *world_, test::made_header());
    for (const auto kind : {test::Kind::caption, test::Kind::retrieval}) {
      writer.write_task(test::made_cells(kind, 0, 1), test::made_heads(kind), test::made_sums(kind),
                        test::made_neurons(kind));
    }
    writer.finish();
  }
  ~Refusal() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path good() const { return folder_ / "discovery.h5"; }

  // A copy of the good file, changed through HDF5.
  template <typename Change>
  std::filesystem::path changed(Change change) {
    const auto file = folder_ / "changed.h5";
    std::filesystem::copy_file(good(), file, std::filesystem::copy_options::overwrite_existing);
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    EXPECT_GE(id, 0);
    change(id);
    H5Fclose(id);
    return file;
  }

  static void expect_refused(const std::filesystem::path& file, const std::string& object) {
    try {
      read_discovery(file);
      ADD_FAILURE() << object << " was not missed";
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(object), std::string::npos) << error.what();
    }
  }

  std::unique_ptr<comm::Communicator> world_;
  std::filesystem::path folder_;
};

TEST_F(Refusal, FilesThatAreNone) {
  expect_refused(folder_ / "missing.h5", "no such file");
  write_file(folder_ / "text.h5", "not HDF5");
  expect_refused(folder_ / "text.h5", "not an HDF5 file");
  write_file(folder_ / "half.h5", read_file(good()).substr(0, 3000));
  expect_refused(folder_ / "half.h5", "damaged");
}

TEST_F(Refusal, EveryMissingDatasetIsNamed) {
  const std::vector<std::string> names{"instances/image_id",
                                       "instances/item_id",
                                       "instances/status",
                                       "instances/reason",
                                       "heads/cell",
                                       "heads/utility",
                                       "heads/answer_logprob",
                                       "answers/at",
                                       "answers/ids",
                                       "heads/answers_changed",
                                       "heads/valid",
                                       "heads/importance",
                                       "heads/ci_low",
                                       "heads/ci_high",
                                       "heads/top",
                                       "neurons/heads",
                                       "neurons/valid",
                                       "neurons/plain",
                                       "neurons/per_instance",
                                       "neurons/after_mean",
                                       "neurons/top",
                                       "neurons/head_drop_sum",
                                       "neurons/head_signed_sum",
                                       "neurons/plain_sum"};
  for (const auto& name : names) {
    const std::string path = "/tasks/caption/" + name;
    expect_refused(
        changed([&](hid_t file) { EXPECT_GE(H5Ldelete(file, path.c_str(), H5P_DEFAULT), 0) << path; }), path);
  }
  for (const std::string path : {"/settings_json", "/environment", "/tasks"}) {
    expect_refused(changed([&](hid_t file) { H5Ldelete(file, path.c_str(), H5P_DEFAULT); }), path);
  }
}

TEST_F(Refusal, EveryMissingAttributeIsNamed) {
  const auto without = [&](const std::string& object, const std::string& name) {
    const auto file = changed([&](hid_t id) {
      EXPECT_GE(H5Adelete_by_name(id, object.c_str(), name.c_str(), H5P_DEFAULT), 0) << name;
    });
    expect_refused(file, "no attribute " + name);
  };
  for (const char* name : {"schema_version", "model_family", "layers", "heads", "d_ff", "dtype",
                           "model_digest", "benchmark_digest"}) {
    without("/", name);
  }
  for (const char* name :
       {"metric", "split_half_overlap", "plain_metric", "plain_corpus_bleu4", "neuron_mode"}) {
    without("/tasks/caption", name);
  }
  without("/tasks/caption/neurons/plain_sum", "scale");
}

TEST_F(Refusal, WrongShapesTypesAndValuesAreNamed) {
  const std::string heads = "/tasks/retrieval/heads/";
  const auto replaced = [&](const std::string& path, hid_t type, std::vector<hsize_t> dims,
                            const void* data) {
    return changed([&](hid_t file) {
      H5Ldelete(file, path.c_str(), H5P_DEFAULT);
      const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
      const hid_t set = H5Dcreate2(file, path.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      if (data) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
      H5Dclose(set);
      H5Sclose(space);
    });
  };
  expect_refused(replaced(heads + "utility", H5T_NATIVE_DOUBLE, {11, 12}, nullptr),
                 heads + "utility: shape [11, 12], expected [11, 13]");
  expect_refused(replaced(heads + "utility", H5T_NATIVE_FLOAT, {11, 13}, nullptr),
                 heads + "utility: not of the type");
  const std::vector<std::uint8_t> nine(11 * 13, 9);
  expect_refused(replaced(heads + "cell", H5T_NATIVE_UINT8, {11, 13}, nine.data()),
                 heads + "cell: the value 9");
  const std::int32_t outside[] = {0, 4};
  expect_refused(replaced(heads + "top", H5T_NATIVE_INT32, {1, 2}, outside), heads + "top: row 0");
  expect_refused(replaced("/tasks/retrieval/instances/reason", H5T_NATIVE_INT32, {11}, nullptr),
                 "not fixed-length strings");
}

TEST_F(Refusal, AnotherSchemaIsRefused) {
  const auto file = changed([](hid_t id) {
    const std::int64_t two = 2;
    const hid_t attribute = H5Aopen_by_name(id, "/", "schema_version", H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, &two);
    H5Aclose(attribute);
  });
  expect_refused(file, "schema_version 2, expected 1");
}

TEST_F(Refusal, AFolderThatIsNotThereIsSaidWithTheSystemsWords) {
  try {
    DiscoveryWriter writer(folder_ / "no" / "discovery.h5", *world_, test::made_header());
    FAIL() << "wrote into a folder that does not exist";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::rank_failed);
    const std::string file = (folder_ / "no" / "discovery.h5").string();
    EXPECT_NE(std::string(error.what()).find("cannot write " + file), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(": No such file or directory; "), std::string::npos)
        << error.what();
  }
}

TEST(CutUtf8, NeverInsideACharacter) {
  EXPECT_EQ(cut_utf8("abc", 5), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("aäb", 2), "a");
  EXPECT_EQ(cut_utf8("aäb", 3), "aä");
  EXPECT_EQ(cut_utf8("€€", 5), "€");
  EXPECT_EQ(cut_utf8("€", 2), "");
}

TEST(Handle, OwnsOnce) {
  const auto open = [] { return Handle(H5Screate(H5S_SCALAR), H5Sclose, "H5Screate"); };
  Handle first = open();
  const hid_t id = first.get();
  Handle second = std::move(first);
  EXPECT_GT(H5Iis_valid(id), 0);
  second = open();
  EXPECT_EQ(H5Iis_valid(id), 0);  // closed by the assignment
  second.close("H5Sclose");
  second.close("H5Sclose");  // already closed: nothing happens
  silence_hdf5();
  EXPECT_THROW(Handle(-1, H5Sclose, "H5Screate"), Error);
}

}  // namespace
}  // namespace hones::store
