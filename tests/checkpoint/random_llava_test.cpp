// A checkpoint of random weights is an ordinary one, and the same every time.
#include <algorithm>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/checkpoint/random_llava.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

const std::filesystem::path kLender = std::filesystem::path(HONES_TEST_DATA) / "tiny-llava";

TEST(RandomLlava, IsAnOrdinaryCheckpointOfItsShape) {
  const test::Scratch scratch;
  write_random_llava(scratch.path() / "a", parse_shape("layers=3,heads=4,dim=32,ffn=48,image_tokens=49"),
                     kLender, 7);
  const Checkpoint checkpoint = open_llava(scratch.path() / "a");  // refuses a missing or misshapen tensor
  EXPECT_EQ(checkpoint.config.text.layers, 3);
  EXPECT_EQ(checkpoint.config.text.heads, 4);
  EXPECT_EQ(checkpoint.config.text.head_dim, 8);
  EXPECT_EQ(checkpoint.config.text.intermediate_size, 48);
  EXPECT_EQ(checkpoint.config.image_tokens, 49);
  EXPECT_EQ(checkpoint.config.text.vocab_size, read_llava_config(kLender).text.vocab_size);

  write_random_llava(scratch.path() / "b", parse_shape("layers=3,heads=4,dim=32,ffn=48,image_tokens=49"),
                     kLender, 7);
  EXPECT_EQ(model_digest(scratch.path() / "a"), model_digest(scratch.path() / "b"));
  write_random_llava(scratch.path() / "c", parse_shape("layers=3,heads=4,dim=32,ffn=48,image_tokens=49"),
                     kLender, 8);
  EXPECT_NE(model_digest(scratch.path() / "a"), model_digest(scratch.path() / "c"));
}

TEST(RandomLlava, NoAnswerEnds) {
  const test::Scratch scratch;
  write_random_llava(scratch.path(), parse_shape("layers=1,heads=2,dim=16,ffn=16,image_tokens=4"), kLender,
                     7);
  const Checkpoint checkpoint = open_llava(scratch.path());
  const TensorView& head = checkpoint.tensors.at("head.weight");
  const auto row = static_cast<std::size_t>(head.shape[1]) * size_of(head.dtype);
  ASSERT_FALSE(checkpoint.config.eos_ids.empty());
  for (std::size_t id = 0; id < static_cast<std::size_t>(head.shape[0]); ++id) {
    const auto bytes = head.bytes.subspan(id * row, row);
    const bool zero = std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
    const auto& eos = checkpoint.config.eos_ids;
    EXPECT_EQ(zero, std::find(eos.begin(), eos.end(), static_cast<std::int64_t>(id)) != eos.end()) << id;
  }
}

TEST(RandomLlava, ShapesThatAreNone) {
  EXPECT_EQ(parse_shape("layers=2").image_tokens, 576);
  for (const char* text : {"layer=2", "layers", "layers=", "layers=0", "layers=2x", "heads=3", "dim=100",
                           "image_tokens=5", "heads=1", "layers=2,,ffn=8"}) {
    EXPECT_THROW(parse_shape(text), UsageError) << text;
  }
}

}  // namespace
}  // namespace hones::checkpoint
