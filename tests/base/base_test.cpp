#include <cmath>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/base/number.hpp>

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

}  // namespace
}  // namespace hones
