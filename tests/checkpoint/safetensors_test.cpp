// Files built by hand: one that is right, and for every validity rule one that breaks only that rule.
#include <bit>
#include <cstring>

#include <gtest/gtest.h>

#include <hones/base/file.hpp>
#include <hones/base/rng.hpp>
#include <hones/checkpoint/safetensors.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using test::data_error;
using test::Scratch;

std::string file_of(const std::string& header, const std::string& data, std::uint64_t length) {
  std::string text(sizeof length, '\0');
  std::memcpy(text.data(), &length, sizeof length);
  return text + header + data;
}
std::string file_of(const std::string& header, const std::string& data) {
  return file_of(header, data, header.size());
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  std::uint64_t begin, std::uint64_t end) {
  return '"' + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string refusal(const std::string& bytes) {
  const Scratch scratch;
  const auto file = scratch.write("x.safetensors", bytes);
  const std::string line = data_error([&] { read_safetensors(file); });
  EXPECT_NAMES(line, "x.safetensors");
  return line;
}

TEST(Safetensors, ReadsEveryKindOfTensor) {
  const Scratch scratch;
  const std::string header = "{\"__metadata__\":{\"format\":\"pt\"}," + entry("wide", "F32", "[2,1]", 4, 12) +
                             "," + entry("half", "F16", "[1]", 2, 4) + "," +
                             entry("brain", "BF16", "[]", 0, 2) + "," + entry("ids", "I64", "[1]", 12, 20) +
                             "," + entry("none", "F32", "[3,0]", 12, 12) + "}   ";
  std::string data = "ab12";
  const float floats[2] = {1.5F, -2.0F};
  data.append(reinterpret_cast<const char*>(floats), sizeof floats).append("\x07\0\0\0\0\0\0\0", 8);
  TensorMap tensors = read_safetensors(scratch.write("x.safetensors", file_of(header, data)));
  ASSERT_EQ(tensors.size(), 5U);
  EXPECT_EQ(tensors.at("wide").shape, (std::vector<std::int64_t>{2, 1}));
  float read[2];
  ASSERT_EQ(tensors.at("wide").bytes.size(), sizeof read);
  std::memcpy(read, tensors.at("wide").bytes.data(), sizeof read);
  EXPECT_EQ(read[0], 1.5F);
  EXPECT_EQ(read[1], -2.0F);
  EXPECT_TRUE(tensors.at("brain").shape.empty());
  EXPECT_EQ(tensors.at("brain").bytes.size(), 2U);
  EXPECT_EQ(tensors.at("half").dtype, Dtype::f16);
  EXPECT_EQ(tensors.at("ids").bytes[0], std::byte{7});
  EXPECT_TRUE(tensors.at("none").bytes.empty());
}

TEST(Safetensors, ViewsOutliveTheMap) {
  const Scratch scratch;
  const auto file =
      scratch.write("x.safetensors", file_of("{" + entry("a", "I64", "[1]", 0, 8) + "}", "12345678"));
  TensorView view = read_safetensors(file).at("a");
  std::filesystem::remove(file);
  EXPECT_EQ(view.bytes[7], std::byte{'8'});
}

TEST(Safetensors, ReleasedPagesAreReadAgain) {
  const Scratch scratch;
  // Several pages, neither begin nor end on a boundary.
  std::string data(100'002, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 31);
  const TensorMap tensors = read_safetensors(scratch.write(
      "x.safetensors",
      file_of("{" + entry("a", "F16", "[1]", 0, 2) + "," + entry("b", "F16", "[50000]", 2, 100'002) + "}",
              data)));
  const auto bytes = [&](const char* name) {
    const auto view = tensors.at(name).bytes;
    return std::string(reinterpret_cast<const char*>(view.data()), view.size());
  };
  for (const char* name : {"a", "b"}) {
    const std::string before = bytes(name);
    release_pages(tensors.at(name));
    EXPECT_EQ(bytes(name), before) << name;
  }
  EXPECT_EQ(bytes("a") + bytes("b"), data);
  release_pages(TensorView());
}

TEST(Safetensors, AnEmptyHeaderIsAFileWithoutTensors) {
  const Scratch scratch;
  EXPECT_TRUE(read_safetensors(scratch.write("x.safetensors", file_of("{}", ""))).empty());
}

TEST(Safetensors, RefusesBrokenFrames) {
  EXPECT_NAMES(refusal(""), "too short");
  EXPECT_NAMES(refusal("1234567"), "too short");
  EXPECT_NAMES(refusal(file_of("{}", "", 100'000'001)), "100,000,000");
  EXPECT_NAMES(refusal(file_of("{}", "", ~std::uint64_t{0})), "100,000,000");
  EXPECT_NAMES(refusal(file_of("{}", "", 3)), "cut off");
  EXPECT_NAMES(refusal(file_of("", "")), "begin with '{'");
  EXPECT_NAMES(refusal(file_of(" {}", "")), "begin with '{'");
  EXPECT_NAMES(refusal(file_of("{\"a\":", "")), "not valid JSON");
  EXPECT_NAMES(refusal(file_of("{\"a\xff\":1}", "")), "not valid JSON");
  EXPECT_NAMES(refusal(file_of("{}x", "")), "not valid JSON");
}

TEST(Safetensors, RefusesBrokenEntries) {
  const std::string good = entry("a", "F16", "[2]", 0, 4);
  EXPECT_NAMES(refusal(file_of("{" + good + "," + good + "}", "1234")), "the name a twice");
  EXPECT_NAMES(
      refusal(file_of("{\"a\":{\"dtype\":\"F16\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                      "1234")),
      "the name dtype twice");
  EXPECT_NAMES(refusal(file_of("{\"a\":7}", "")), "tensor a: its entry is not an object");
  EXPECT_NAMES(refusal(file_of("{\"a\":{\"dtype\":\"F16\",\"shape\":[1]}}", "")),
               "needs dtype, shape and data_offsets");
  EXPECT_NAMES(
      refusal(file_of("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2],\"b\":1}}", "12")),
      "unknown field b");
  EXPECT_NAMES(refusal(file_of("{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,2]}}", "12")),
               "dtype is not a string");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F64", "[1]", 0, 8) + "}", "12345678")),
               "F64 is not supported");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F31", "[1]", 0, 4) + "}", "1234")), "unknown dtype F31");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "2", 0, 4) + "}", "1234")), "shape is not a list");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[-2]", 0, 4) + "}", "1234")), "non-negative");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[2.0]", 0, 4) + "}", "1234")), "non-negative");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[18446744073709551615]", 0, 4) + "}", "1234")),
               "64-bit");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[4294967296,4294967296]", 0, 4) + "}", "1234")),
               "overflows");
  // 2^63 elements of 2 bytes wrap to 0 bytes.
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[4611686018427387904,2]", 0, 0) + "}", "")),
               "overflows");
  EXPECT_NAMES(refusal(file_of("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0]}}", "")),
               "not a pair");
  EXPECT_NAMES(refusal(file_of("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[-1,1]}}", "1")),
               "not a pair");
  EXPECT_NAMES(refusal(file_of("{\"__metadata__\":[]}", "")), "__metadata__ is not an object");
  EXPECT_NAMES(refusal(file_of("{\"__metadata__\":{\"a\":1}}", "")), "__metadata__ entry a");
}

TEST(Safetensors, RefusesDataThatIsNotTiled) {
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[2]", 4, 0) + "}", "1234")), "leave the data");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[3]", 0, 6) + "}", "1234")), "cut off");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[1]", 0, 4) + "}", "1234")),
               "shape and dtype need 2");
  EXPECT_NAMES(refusal(file_of("{" + entry("a", "F16", "[1]", 2, 4) + "}", "1234")), "a gap");
  const std::string a = entry("a", "F16", "[1]", 0, 2);
  EXPECT_NAMES(refusal(file_of("{" + a + "," + entry("b", "F16", "[1]", 4, 6) + "}", "123456")),
               "tensor b: a gap");
  EXPECT_NAMES(refusal(file_of("{" + a + "," + entry("b", "F16", "[2]", 1, 5) + "}", "12345")),
               "tensor b: overlaps");
  EXPECT_NAMES(refusal(file_of("{" + a + "," + entry("b", "F16", "[1]", 0, 2) + "}", "12")),
               "tensor b: overlaps");
  EXPECT_NAMES(refusal(file_of("{" + a + "}", "123")), "1 bytes after the last tensor");
  EXPECT_NAMES(refusal(file_of("{}", "1")), "1 bytes after the last tensor");
}

TEST(Safetensors, DeepNestingIsAnErrorNotACrash) {
  const std::string deep = "{\"a\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  EXPECT_NAMES(refusal(file_of(deep, "")), "not an object");
}

// Bits flipped in a real header: an error or tensors that lie inside the file, never a crash.
TEST(Safetensors, DamageNeverCrashes) {
  const Scratch scratch;
  const std::string whole =
      read_file(std::filesystem::path(HONES_TEST_DATA) / "tiny-llava-expected" / "greedy.safetensors");
  SplitMix64 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string broken = whole;
    for (int i = 0; i < 2; ++i) broken[random.below(1500)] ^= static_cast<char>(1 << random.below(8));
    const auto file = scratch.write("x.safetensors", broken);
    try {
      for (const auto& [name, view] : read_safetensors(file)) {
        const auto bytes = view.mapping->bytes();
        ASSERT_GE(view.bytes.data(), bytes.data());
        ASSERT_LE(view.bytes.data() + view.bytes.size(), bytes.data() + bytes.size());
      }
    } catch (const DataError&) {
    }
  }
}

TEST(Safetensors, MapsRegularFilesOnly) {
  const Scratch scratch;
  EXPECT_NAMES(data_error([&] { Mapping::open(scratch.path() / "none"); }), "No such file");
  EXPECT_NAMES(data_error([&] { Mapping::open(scratch.path()); }), "not a regular file");
  EXPECT_TRUE(Mapping::open(scratch.write("empty", ""))->bytes().empty());
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(Safetensors, WritesAsTheReferenceWriterDoes) {
  const Scratch scratch;
  const std::string two = "12", four = "abcd", eight = "ABCDEFGH";
  const std::vector<TensorToWrite> tensors{{"z", Dtype::f16, {1}, bytes_of(two)},
                                           {"b", Dtype::f32, {1, 1}, bytes_of(four)},
                                           {"k", Dtype::bf16, {}, bytes_of(two)},
                                           {"a", Dtype::f32, {0}, {}},
                                           {"i", Dtype::i64, {1}, bytes_of(eight)}};
  const auto file = scratch.path() / "out.safetensors";
  write_safetensors(file, tensors);
  // What safetensors.torch.save_file writes for the same tensors.
  const std::string header =
      "{\"i\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]},"
      "\"k\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[12,14]},"
      "\"z\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[14,16]}}";
  std::string padded = header;
  padded.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(read_file(file), file_of(padded, "ABCDEFGHabcd1212"));
  EXPECT_EQ(read_safetensors(file).size(), 5U);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".tmp"));
}

TEST(Safetensors, WritingRefusesWhatDoesNotFit) {
  const Scratch scratch;
  const std::string four = "abcd";
  const std::vector<TensorToWrite> wrong{{"a", Dtype::f32, {2}, bytes_of(four)}};
  EXPECT_THROW(write_safetensors(scratch.path() / "x", wrong), InternalError);
  const std::vector<TensorToWrite> right{{"a", Dtype::f32, {1}, bytes_of(four)}};
  EXPECT_THROW(write_safetensors(scratch.path() / "none" / "x", right), Error);
}

}  // namespace
}  // namespace hones::checkpoint
