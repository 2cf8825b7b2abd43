#include <cmath>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/log.hpp>
#include <hones/base/number.hpp>
#include <hones/base/shown.hpp>

namespace hones {
namespace {

TEST(Digest, IsSha256) {
  // FIPS 180-4 example and the empty message.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, OfAFileIsThatOfItsBytes) {
  const auto file = std::filesystem::temp_directory_path() / ("hones_digest_" + std::to_string(::getpid()));
  write_file(file, "abc");
  EXPECT_EQ(sha256_file(file), sha256("abc"));
  EXPECT_EQ(read_file(file), "abc");
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".tmp"));
  std::filesystem::remove(file);
  EXPECT_THROW(sha256_file(file), DataError);
  EXPECT_THROW(read_file(file), DataError);
}

TEST(File, AppendsLines) {
  const auto file = std::filesystem::temp_directory_path() / ("hones_append_" + std::to_string(::getpid()));
  append_line(file, "one");
  append_line(file, "");
  append_line(file, "two");
  EXPECT_EQ(read_file(file), "one\n\ntwo\n");
  std::filesystem::remove(file);
}

TEST(File, SaysWhereItCannotWrite) {
  const std::filesystem::path file = "/no_such_folder/file";
  for (const auto& write : {write_file, append_line}) {
    try {
      write(file, "text");
      FAIL() << "wrote into a folder that does not exist";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::rank_failed);
      EXPECT_NE(std::string(error.what()).find("/no_such_folder/file"), std::string::npos);
    }
  }
}

// A folder of this test's own.
class Places : public testing::Test {
 protected:
  Places()
      : folder_(std::filesystem::temp_directory_path() / ("hones_places_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    write_file(folder_ / "file", "text");
  }
  ~Places() override { std::filesystem::remove_all(folder_); }

  template <typename Refusal, typename Act>
  static std::string line_of(Act act) {
    try {
      act();
    } catch (const Refusal& error) {
      return error.what();
    }
    return "not refused";
  }

  const std::filesystem::path folder_;
  const std::string too_long_ = std::string(300, 'x');
};

TEST_F(Places, WhatCannotBeReadIsNamedWithItsReason) {
  const auto line = [&](const std::filesystem::path& file) {
    return line_of<DataError>([&] { read_file(file); });
  };
  const std::string at = "cannot read " + folder_.string();
  EXPECT_EQ(line(folder_), at + ": it is a folder");
  EXPECT_EQ(line(folder_ / "none"), at + "/none: no such file");
  EXPECT_EQ(line(folder_ / "file" / "x"), at + "/file/x: no such file");
  EXPECT_EQ(line(folder_ / too_long_), at + "/" + too_long_ + ": File name too long");
  EXPECT_NO_THROW(check_readable(folder_ / "file"));
  EXPECT_EQ(why_no_folder(folder_), "");
  EXPECT_EQ(why_no_folder(folder_ / "none"), "no such folder");
  EXPECT_EQ(why_no_folder(folder_ / "file"), "not a folder");
  EXPECT_EQ(why_no_folder(folder_ / too_long_), "File name too long");
}

TEST_F(Places, AnOutputFolderIsCheckedWithoutATraceAndMadeOnRequest) {
  const std::filesystem::path deep = folder_ / "a" / "b";
  check_output_folder("--out", deep);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
  make_output_folder("--out", deep);
  EXPECT_TRUE(std::filesystem::is_empty(deep));
  make_output_folder("--out", deep);  // again is no error
}

TEST_F(Places, AFolderThatCannotHoldResultsIsRefused) {
  for (const auto& refuse : {check_output_folder, make_output_folder}) {
    const auto line = [&](const std::filesystem::path& folder) {
      return line_of<UsageError>([&] { refuse("--out X", folder); });
    };
    EXPECT_EQ(line(folder_ / "file"), "--out X: cannot hold results: " + folder_.string() +
                                          "/file: not a folder; name a folder that can be made and written");
    EXPECT_EQ(line(folder_ / "file" / "a" / "b"), line(folder_ / "file"));
    EXPECT_NE(line(folder_ / too_long_).find("File name too long"), std::string::npos);
  }
  // Even root cannot make one there.
  EXPECT_NE(line_of<UsageError>([] { make_output_folder("--out X", "/proc/hones"); }).find("/proc"),
            std::string::npos);
}

TEST_F(Places, AnOutputFileIsTriedAndLeftAsItWas) {
  check_output_file("--dump", folder_ / "new");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new"));
  check_output_file("--dump", folder_ / "file");
  EXPECT_EQ(read_file(folder_ / "file"), "text");
  const auto line = [&](const std::filesystem::path& file) {
    return line_of<UsageError>([&] { check_output_file("--dump", file); });
  };
  EXPECT_EQ(line(folder_ / "none" / "x"),
            "--dump: cannot be written: " + folder_.string() + "/none: no such folder; name another file");
  EXPECT_NE(line(folder_).find("Is a directory"), std::string::npos);
}

TEST_F(Places, RefusalsOfTheSystemAreNamedWithoutCxxWords) {
  try {
    std::filesystem::create_directory(folder_ / "file" / "x");
    FAIL() << "made a folder in a file";
  } catch (const std::filesystem::filesystem_error& error) {
    const DataError refusal = data_error(error);
    EXPECT_EQ(refusal.what(), folder_.string() + "/file/x: Not a directory");
    EXPECT_EQ(refusal.code(), ExitCode::bad_data);
    EXPECT_EQ(error_of(error).code(), ExitCode::bad_data);
    EXPECT_STREQ(error_of(error).what(), refusal.what());
  }
  EXPECT_EQ(error_of(UsageError("wrong")).code(), ExitCode::usage);
  EXPECT_EQ(error_of(std::runtime_error("odd")).code(), ExitCode::rank_failed);
  EXPECT_STREQ(error_of(std::runtime_error("odd")).what(), "odd");
  std::filesystem::create_directories(folder_ / "folder");
  EXPECT_EQ(line_of<Error>([&] { write_file(folder_ / "folder", "text"); }),
            "cannot replace " + folder_.string() + "/folder: Is a directory");
  EXPECT_EQ(without_label("[json.exception.parse_error.101] parse error at 1"), "parse error at 1");
  EXPECT_EQ(without_label("[1] other words"), "[1] other words");
}

TEST(Number, ShortestReadsBack) {
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(1e-30), "1e-30");
  EXPECT_EQ(shortest(std::nan("")), "nan");
  EXPECT_EQ(shortest(1.0f / 3), "0.33333334");
  const double third = 1.0 / 3;
  EXPECT_EQ(std::stod(shortest(third)), third);
}

TEST(Number, ForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(duration(7.23), "7.2 s");
  EXPECT_EQ(duration(95), "1 min 35 s");
  EXPECT_EQ(duration(3725), "1 h 02 min");
}

TEST(FixedPoint, SumsAreIndependentOfOrder) {
  const double values[] = {1e-9, 4095.9, -17.25, 0.3, -4000.0};
  std::int64_t forward = 0, backward = 0;
  for (int i = 0; i < 5; ++i) {
    forward += fixed::quantise(values[i], fixed::kScale);
    backward += fixed::quantise(values[4 - i], fixed::kScale);
  }
  EXPECT_EQ(forward, backward);
  EXPECT_NEAR(fixed::value(forward, fixed::kScale), 78.950000001, 1e-9);
}

TEST(FixedPoint, RefusesWhatCouldOverflow) {
  EXPECT_TRUE(fixed::representable(4095.999));
  EXPECT_TRUE(fixed::representable(-4095.999));
  EXPECT_FALSE(fixed::representable(4096.0));
  EXPECT_FALSE(fixed::representable(-4096.0));
  EXPECT_FALSE(fixed::representable(std::nan("")));
  EXPECT_FALSE(fixed::representable(std::numeric_limits<double>::infinity()));
  // The largest possible sum stays below 2^62.
  EXPECT_LE(fixed::kLimit * fixed::kScale * static_cast<double>(fixed::kMaxInstances), std::ldexp(1.0, 62));
  EXPECT_EQ(fixed::scale_for(16384), fixed::kScale);
  EXPECT_EQ(fixed::scale_for(16385), fixed::kCoarseScale);
}

TEST(Error, CarriesItsExitCode) {
  EXPECT_EQ(UsageError("x").code(), ExitCode::usage);
  EXPECT_EQ(DataError("x").code(), ExitCode::bad_data);
  try {
    HONES_ASSERT(1 + 1 == 3, "sum=2");
    FAIL() << "the assertion did not throw";
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("sum=2"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("1 + 1 == 3"), std::string::npos);
  }
}

TEST(Log, WhatIsQuotedCannotMakeTwoLinesOfOne) {
  testing::internal::CaptureStderr();
  log::error("the id \"a\nb\x1b[2J\x7f\tc\" stands there twice");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "hones_mpi: error: the id \"a\\nb\\x1b[2J\\x7f\tc\" stands there twice\n");
}

TEST(Shown, ValuesAreCutAndTowersNamed) {
  using nlohmann::json;
  EXPECT_EQ(shown(json{1, "x", nullptr}), "[1,\"x\",null]");
  EXPECT_EQ(shown(json(std::string(100, 'a'))), "\"" + std::string(56, 'a') + "...");
  EXPECT_EQ(shown(json("\xff")), "\"\\ufffd\"");
  const std::size_t deep = 300'000;
  EXPECT_EQ(shown(json::parse(std::string(deep, '[') + std::string(deep, ']'))),
            "a nest of arrays and objects");
}

}  // namespace
}  // namespace hones
