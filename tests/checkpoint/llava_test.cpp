// Whole checkpoints of a two-layer model made here: layouts, shards, and every way in which weights can fail
// to fit.
#include <algorithm>
#include <cstring>
#include <functional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/digest.hpp>
#include <hones/base/file.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using nlohmann::json;
using test::data_error;
using test::Scratch;

json small_config() {
  return {{"model_type", "llava"},
          {"image_token_index", 9},
          {"text_config",
           {{"vocab_size", 10},
            {"hidden_size", 8},
            {"intermediate_size", 6},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 2},
            {"num_key_value_heads", 1}}},
          {"vision_config",
           {{"hidden_size", 4},
            {"intermediate_size", 6},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 2},
            {"image_size", 4},
            {"patch_size", 2}}}};
}

// The name that a layout gives to a normalised one.
std::string spelled(const std::string& name, int layout) {
  const auto rest = [&](const char* prefix) { return name.substr(std::strlen(prefix)); };
  const std::string outer = layout == 0 ? "" : "model.";
  if (name.starts_with("head."))
    return (layout == 0 ? "language_model.lm_head." : "lm_head.") + rest("head.");
  if (name.starts_with("lm."))
    return (layout == 0 ? "language_model.model." : "model.language_model.") + rest("lm.");
  if (name.starts_with("proj.")) return outer + "multi_modal_projector." + rest("proj.");
  return outer + (layout == 2 ? "vision_tower." : "vision_tower.vision_model.") + rest("vis.");
}

struct Weights {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  std::map<std::string, std::string> bytes;

  void write(const std::filesystem::path& file,
             const std::function<bool(const std::string&)>& keep = {}) const {
    std::vector<TensorToWrite> list;
    for (const auto& [name, shape] : shapes) {
      if (keep && !keep(name)) continue;
      list.push_back({name, Dtype::bf16, shape, std::as_bytes(std::span(bytes.at(name)))});
    }
    write_safetensors(file, list);
  }
  void put(const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t size = 2;
    for (const std::int64_t dimension : shape) size *= static_cast<std::size_t>(dimension);
    std::string content = sha256(name);
    while (content.size() < size) content += content;
    bytes[name] = content.substr(0, size);
    shapes[name] = std::move(shape);
  }
};

Weights weights(const LlavaConfig& config, int layout) {
  Weights all;
  for (const auto& tensor : expected_tensors(config)) {
    all.put(tensor.name, tensor.shape);
    all.shapes[spelled(tensor.name, layout)] = tensor.shape;
    all.bytes[spelled(tensor.name, layout)] = all.bytes[tensor.name];
    all.shapes.erase(tensor.name);
    all.bytes.erase(tensor.name);
  }
  return all;
}

struct Folder : Scratch {
  explicit Folder(const json& config = small_config()) {
    write("config.json", config.dump());
    settings = read_llava_config(path());
  }
  std::string refusal() const {
    return data_error([&] { open_llava(path()); });
  }
  LlavaConfig settings;
};

std::map<std::string, std::string> contents(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> all;
  for (const auto& [name, view] : checkpoint.tensors) {
    all[name] = std::string(reinterpret_cast<const char*>(view.bytes.data()), view.bytes.size());
  }
  return all;
}

TEST(Llava, NamesOfEveryLayout) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"language_model.model.layers.0.mlp.up_proj.weight", "lm.layers.0.mlp.up_proj.weight"},
      {"model.language_model.layers.0.mlp.up_proj.weight", "lm.layers.0.mlp.up_proj.weight"},
      {"language_model.norm.weight", "lm.norm.weight"},
      {"language_model.lm_head.weight", "head.weight"},
      {"lm_head.weight", "head.weight"},
      {"vision_tower.vision_model.pre_layrnorm.bias", "vis.pre_layrnorm.bias"},
      {"model.vision_tower.vision_model.pre_layrnorm.bias", "vis.pre_layrnorm.bias"},
      {"model.vision_tower.pre_layrnorm.bias", "vis.pre_layrnorm.bias"},
      {"multi_modal_projector.linear_1.bias", "proj.linear_1.bias"},
      {"model.multi_modal_projector.linear_1.bias", "proj.linear_1.bias"},
      {"model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"},
      {"model.visual.x", "model.visual.x"},
      {"language_model.model.layers.3.self_attn.rotary_emb.inv_freq", ""},
      {"vision_tower.vision_model.embeddings.position_ids", ""},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(normalised_name(name), expected) << name;
}

TEST(Llava, ThreeLayoutsAndShardsAreTheSame) {
  Folder folder;
  weights(folder.settings, 0).write(folder.path() / "model.safetensors");
  const auto expected = contents(open_llava(folder.path()));
  EXPECT_EQ(expected.size(), expected_tensors(folder.settings).size());
  for (const int layout : {1, 2}) {
    weights(folder.settings, layout).write(folder.path() / "model.safetensors");
    EXPECT_EQ(contents(open_llava(folder.path())), expected) << layout;
  }
  // Three shards with an index, which is preferred to a single file that is there as well.
  const Weights all = weights(folder.settings, 1);
  json index = {{"metadata", {{"total_size", 1}}}};
  const auto shard_of = [](const std::string& name) {
    return "model-0000" + std::to_string(name.size() % 3 + 1) + "-of-00003.safetensors";
  };
  for (const auto& [name, shape] : all.shapes) index["weight_map"][name] = shard_of(name);
  for (int i = 0; i < 3; ++i) {
    const std::string file = "model-0000" + std::to_string(i + 1) + "-of-00003.safetensors";
    all.write(folder.path() / file, [&](const std::string& name) { return shard_of(name) == file; });
  }
  folder.write("model.safetensors.index.json", index.dump());
  folder.write("model.safetensors", "broken");
  EXPECT_EQ(contents(open_llava(folder.path())), expected);

  const std::string some = index["weight_map"].begin().key();
  json wrong = index;
  wrong["weight_map"].erase(some);
  folder.write("model.safetensors.index.json", wrong.dump());
  EXPECT_NAMES(folder.refusal(), "in a shard, but not in the index (1): " + some);
  wrong = index;
  wrong["weight_map"]["extra"] = shard_of(some);
  folder.write("model.safetensors.index.json", wrong.dump());
  EXPECT_NAMES(folder.refusal(), "not in the shard that the index names (1): extra in " + shard_of(some));
  for (const char* bad : {"../model.safetensors", "/etc/passwd", "..", "", "a\\b"}) {
    wrong = index;
    wrong["weight_map"][some] = bad;
    folder.write("model.safetensors.index.json", wrong.dump());
    EXPECT_NAMES(folder.refusal(), "not the name of a file beside it");
  }
  wrong["weight_map"][some] = 7;
  folder.write("model.safetensors.index.json", wrong.dump());
  EXPECT_NAMES(folder.refusal(), "not a string");
  folder.write("model.safetensors.index.json", R"({"weight_map":{}})");
  EXPECT_NAMES(folder.refusal(), "empty");
  folder.write("model.safetensors.index.json", "{}");
  EXPECT_NAMES(folder.refusal(), "weight_map");
  wrong = index;
  wrong["weight_map"][some] = "model-00009.safetensors";
  folder.write("model.safetensors.index.json", wrong.dump());
  EXPECT_NAMES(folder.refusal(), "model-00009.safetensors");
}

TEST(Llava, ListsWhatDoesNotFit) {
  Folder folder;
  const auto file = folder.path() / "model.safetensors";
  Weights all = weights(folder.settings, 0);
  all.shapes.erase("language_model.model.norm.weight");
  all.put("language_model.model.layers.2.input_layernorm.weight", {8});
  all.put("lm_head.weight", {10, 8});
  all.put("multi_modal_projector.linear_2.bias", {9});
  all.put("vision_tower.vision_model.embeddings.position_ids", {5});
  all.write(file);
  const std::string line = folder.refusal();
  EXPECT_NAMES(line, "missing (1): lm.norm.weight");
  EXPECT_NAMES(line, "not of this model (1): language_model.model.layers.2.input_layernorm.weight");
  EXPECT_NAMES(line, "the same tensor twice (1): language_model.lm_head.weight and lm_head.weight");
  EXPECT_NAMES(line, "multi_modal_projector.linear_2.bias is [9], config.json says [8]");
  EXPECT_FALSE(test::contains(line, "position_ids"));

  // A checkpoint of another model: the list has an end.
  Weights other;
  for (int i = 0; i < 100; ++i) other.put("other." + std::to_string(i), {1});
  other.write(file);
  EXPECT_NAMES(folder.refusal(), "not of this model (100): other.0");
  EXPECT_LT(folder.refusal().size(), 2000U);
}

TEST(Llava, AnIntegerWeightIsRefused) {
  Folder folder;
  const Weights all = weights(folder.settings, 0);
  std::vector<TensorToWrite> list;
  const std::string ids(64, '\0');
  for (const auto& [name, shape] : all.shapes) {
    if (name == "language_model.model.norm.weight") {
      list.push_back({name, Dtype::i64, shape, std::as_bytes(std::span(ids))});
    } else {
      list.push_back({name, Dtype::bf16, shape, std::as_bytes(std::span(all.bytes.at(name)))});
    }
  }
  write_safetensors(folder.path() / "model.safetensors", list);
  EXPECT_NAMES(folder.refusal(), "language_model.model.norm.weight is I64");
}

TEST(Llava, ATiedHeadIsIgnored) {
  json config = small_config();
  config["text_config"]["tie_word_embeddings"] = true;
  Folder folder(config);
  Weights all = weights(folder.settings, 1);
  all.write(folder.path() / "model.safetensors");
  EXPECT_FALSE(open_llava(folder.path()).tensors.contains("head.weight"));
  all.put("lm_head.weight", {10, 8});
  all.write(folder.path() / "model.safetensors");
  EXPECT_FALSE(open_llava(folder.path()).tensors.contains("head.weight"));
}

TEST(Llava, SaysWhatAFolderLacks) {
  Folder folder;
  EXPECT_NAMES(folder.refusal(), "neither model.safetensors.index.json nor model.safetensors");
  folder.write("pytorch_model.bin", "x");
  EXPECT_NAMES(folder.refusal(), "pytorch_model.bin is not read");
  EXPECT_NAMES(data_error([&] { open_llava(folder.path() / "none"); }), "none/config.json");
  EXPECT_NAMES(data_error([&] { model_digest(folder.path() / "none"); }), "no such folder");
}

TEST(Llava, DigestNamesFilesAndContents) {
  Folder folder;
  folder.write("model.safetensors", "weights");
  folder.write("tokenizer.json", "tokens");
  folder.write("README.md", "not counted");
  const std::string first = model_digest(folder.path());
  EXPECT_EQ(first,
            sha256(sha256(read_file(folder.path() / "config.json")) + "  config.json\n" + sha256("weights") +
                   "  model.safetensors\n" + sha256("tokens") + "  tokenizer.json\n"));
  folder.write("README.md", "changed");
  EXPECT_EQ(model_digest(folder.path()), first);
  // Every file that a number depends on: the first of them only ends answers elsewhere.
  std::string last = first;
  for (const char* name : {"generation_config.json", "preprocessor_config.json", "processor_config.json",
                           "model.safetensors.index.json"}) {
    folder.write(name, R"({"weight_map":{"a":"model.safetensors"}})");
    EXPECT_NE(model_digest(folder.path()), last) << name;
    last = model_digest(folder.path());
  }
}

}  // namespace
}  // namespace hones::checkpoint
