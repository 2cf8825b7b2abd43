// The committed tiny checkpoints through every layout and as three shards: the same tensors, byte for byte.
#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/checkpoint/llava.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using test::Scratch;

std::filesystem::path tiny(const char* name) {
  return std::filesystem::path(HONES_TEST_DATA) / name;
}

bool same(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.bytes.size() == b.bytes.size() &&
         std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

void expect_same(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, view] : a) EXPECT_TRUE(b.contains(name) && same(view, b.at(name))) << name;
}

// `name` is spelled as the published files do it; the two newer layouts.
std::string renamed(std::string name, int layout) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (name.starts_with(from)) name = to + name.substr(from.size());
  };
  if (layout >= 1) {
    replace("language_model.lm_head.", "lm_head.");
    replace("language_model.model.", "model.language_model.");
    replace("multi_modal_projector.", "model.multi_modal_projector.");
    replace("vision_tower.vision_model.",
            layout == 1 ? "model.vision_tower.vision_model." : "model.vision_tower.");
  }
  return name;
}

TEST(TinyLlava, EveryLayoutAndShards) {
  const Checkpoint original = open_llava(tiny("tiny-llava"));
  EXPECT_EQ(original.config.image_tokens, 16);
  EXPECT_EQ(original.config.image_token_id, 320);
  EXPECT_EQ(original.config.text.head_dim, 8);
  EXPECT_EQ(original.config.dtype, "float32");
  const TensorMap file = read_safetensors(tiny("tiny-llava") / "model.safetensors");
  for (const int layout : {0, 1, 2}) {
    const Scratch scratch;
    std::filesystem::copy(tiny("tiny-llava") / "config.json", scratch.path());
    std::vector<TensorToWrite> all, shards[3];
    nlohmann::json index;
    for (const auto& [name, view] : file) {
      all.push_back({renamed(name, layout), view.dtype, view.shape, view.bytes});
      const std::size_t shard = all.size() % 3;
      shards[shard].push_back(all.back());
      index["weight_map"][all.back().name] =
          "model-0000" + std::to_string(shard + 1) + "-of-00003.safetensors";
    }
    write_safetensors(scratch.path() / "model.safetensors", all);
    expect_same(open_llava(scratch.path()).tensors, original.tensors);
    std::filesystem::remove(scratch.path() / "model.safetensors");
    for (std::size_t i = 0; i < 3; ++i) {
      write_safetensors(scratch.path() / ("model-0000" + std::to_string(i + 1) + "-of-00003.safetensors"),
                        shards[i]);
    }
    scratch.write("model.safetensors.index.json", index.dump());
    expect_same(open_llava(scratch.path()).tensors, original.tensors);
  }
}

TEST(TinyLlava, OtherDtypeAndGroupedHeads) {
  const Checkpoint half = open_llava(tiny("tiny-llava-bf16"));
  EXPECT_EQ(half.config.dtype, "bfloat16");
  for (const auto& [name, view] : half.tensors) EXPECT_EQ(view.dtype, Dtype::bf16) << name;
  const Checkpoint grouped = open_llava(tiny("tiny-llava-gqa"));
  EXPECT_EQ(grouped.config.text.kv_heads, 2);
  EXPECT_EQ(grouped.tensors.at("lm.layers.0.self_attn.k_proj.weight").shape,
            (std::vector<std::int64_t>{16, 48}));
}

TEST(TinyLlava, TheWriterWritesWhatTheReferenceWriterWrote) {
  const auto file = tiny("tiny-llava-expected") / "greedy.safetensors";
  const TensorMap tensors = read_safetensors(file);
  std::vector<TensorToWrite> list;
  for (const auto& [name, view] : tensors) list.push_back({name, view.dtype, view.shape, view.bytes});
  const Scratch scratch;
  write_safetensors(scratch.path() / "x", list);
  const auto ours = Mapping::open(scratch.path() / "x"), theirs = Mapping::open(file);
  ASSERT_EQ(ours->bytes().size(), theirs->bytes().size());
  EXPECT_EQ(std::memcmp(ours->bytes().data(), theirs->bytes().data(), ours->bytes().size()), 0);
}

}  // namespace
}  // namespace hones::checkpoint
