#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/checkpoint/llava.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using nlohmann::json;
using test::data_error;
using test::Scratch;

LlavaConfig parse(const std::string& config, const std::string& generation = {}) {
  const Scratch scratch;
  scratch.write("config.json", config);
  if (!generation.empty()) scratch.write("generation_config.json", generation);
  return read_llava_config(scratch.path());
}

std::string refusal(const std::string& config, const std::string& generation = {}) {
  return data_error([&] { parse(config, generation); });
}

// As the published 7B file: fields that equal the class defaults are left out.
const char* const k7B = R"({
  "architectures": ["LlavaForConditionalGeneration"], "ignore_index": -100, "image_token_index": 32000,
  "model_type": "llava", "pad_token_id": 32001, "projector_hidden_act": "gelu", "torch_dtype": "float16",
  "text_config": {"_name_or_path": "x", "max_position_embeddings": 4096, "model_type": "llama", "rms_norm_eps": 1e-05,
                  "torch_dtype": "float16", "vocab_size": 32064},
  "vision_config": {"hidden_size": 1024, "image_size": 336, "intermediate_size": 4096,
                    "model_type": "clip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 24,
                    "patch_size": 14, "projection_dim": 768, "vocab_size": 32000},
  "vision_feature_layer": -2, "vision_feature_select_strategy": "default"})";

TEST(Config, The7BWithItsDefaults) {
  const LlavaConfig config = parse(k7B);
  EXPECT_EQ(config.text.vocab_size, 32064);
  EXPECT_EQ(config.text.hidden_size, 4096);
  EXPECT_EQ(config.text.intermediate_size, 11008);
  EXPECT_EQ(config.text.layers, 32);
  EXPECT_EQ(config.text.heads, 32);
  EXPECT_EQ(config.text.kv_heads, 32);
  EXPECT_EQ(config.text.head_dim, 128);
  EXPECT_EQ(config.text.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.text.rope_theta, 1e4);
  EXPECT_EQ(config.text.max_position_embeddings, 4096);
  EXPECT_FALSE(config.text.tied);
  EXPECT_EQ(config.vision.hidden_size, 1024);
  EXPECT_EQ(config.vision.layers, 24);
  EXPECT_EQ(config.vision.activation, "quick_gelu");
  EXPECT_EQ(config.vision.layer_norm_eps, 1e-5);
  EXPECT_EQ(config.image_token_id, 32000);
  EXPECT_EQ(config.image_tokens, 576);
  EXPECT_EQ(config.feature_layers, (std::vector<std::int64_t>{-2}));
  EXPECT_TRUE(config.drop_class_token);
  EXPECT_TRUE(config.projector_bias);
  EXPECT_EQ(config.dtype, "float16");
  EXPECT_EQ(config.eos_ids, (std::vector<std::int64_t>{2}));
  // The published checkpoint: 391 vision + 4 projector + 291 decoder tensors, 7,063,427,072 parameters.
  const auto tensors = expected_tensors(config);
  EXPECT_EQ(tensors.size(), 686U);
  std::int64_t parameters = 0;
  for (const auto& tensor : tensors) {
    std::int64_t product = 1;
    for (const std::int64_t dimension : tensor.shape) product *= dimension;
    parameters += product;
  }
  EXPECT_EQ(parameters, 7'063'427'072);
}

TEST(Config, ClassDefaults) {
  const LlavaConfig empty_objects =
      parse(R"({"model_type":"llava","text_config":{"vocab_size":32064},"vision_config":{}})");
  EXPECT_EQ(empty_objects.text.rms_norm_eps, 1e-6);
  EXPECT_EQ(empty_objects.text.max_position_embeddings, 2048);
  EXPECT_EQ(empty_objects.vision.hidden_size, 768);
  EXPECT_EQ(empty_objects.vision.patch_size, 32);
  EXPECT_EQ(empty_objects.image_tokens, 49);
  // Without vision_config the LLaVA class takes CLIP ViT-L/14 at 336.
  EXPECT_EQ(parse(R"({"model_type":"llava","text_config":{"vocab_size":32064}})").vision.hidden_size, 1024);
  // Null is absent.
  EXPECT_EQ(parse(R"({"model_type":"llava","text_config":{"vocab_size":32064,"num_key_value_heads":null}})")
                .text.kv_heads,
            32);
}

TEST(Config, AliasesAndNewerForms) {
  json config = json::parse(k7B);
  config.erase("image_token_index");
  config["image_token_id"] = 31999;
  config.erase("torch_dtype");
  config["dtype"] = "bfloat16";
  config["vision_feature_layer"] = {-2, 5, 0};
  config["vision_feature_select_strategy"] = "full";
  config["multimodal_projector_bias"] = false;
  config["text_config"]["rope_parameters"] = {{"rope_theta", 5e5}, {"rope_type", "default"}};
  config["text_config"]["num_key_value_heads"] = 8;
  config["text_config"]["head_dim"] = 64;
  config["text_config"]["eos_token_id"] = 7;
  const LlavaConfig read = parse(config.dump());
  EXPECT_EQ(read.image_token_id, 31999);
  EXPECT_EQ(read.dtype, "bfloat16");
  EXPECT_EQ(read.feature_layers, (std::vector<std::int64_t>{-2, 5, 0}));
  EXPECT_EQ(read.image_tokens, 577);
  EXPECT_EQ(read.text.rope_theta, 5e5);
  EXPECT_EQ(read.eos_ids, (std::vector<std::int64_t>{7}));
  EXPECT_EQ(parse(config.dump(), R"({"eos_token_id":[5,6]})").eos_ids, (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(parse(config.dump(), R"({"bos_token_id":1})").eos_ids, (std::vector<std::int64_t>{7}));
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& tensor : expected_tensors(read)) shapes[tensor.name] = tensor.shape;
  EXPECT_EQ(shapes.at("lm.layers.31.self_attn.q_proj.weight"), (std::vector<std::int64_t>{2048, 4096}));
  EXPECT_EQ(shapes.at("lm.layers.31.self_attn.k_proj.weight"), (std::vector<std::int64_t>{512, 4096}));
  EXPECT_EQ(shapes.at("lm.layers.31.self_attn.o_proj.weight"), (std::vector<std::int64_t>{4096, 2048}));
  EXPECT_EQ(shapes.at("proj.linear_1.weight"), (std::vector<std::int64_t>{4096, 3072}));
  EXPECT_FALSE(shapes.contains("proj.linear_1.bias"));
}

TEST(Config, ARepetitionPenaltyIsRefused) {
  EXPECT_EQ(parse(k7B, R"({"eos_token_id":5,"repetition_penalty":1.0})").eos_ids,
            (std::vector<std::int64_t>{5}));
  EXPECT_EQ(parse(k7B, R"({"repetition_penalty":null})").eos_ids, (std::vector<std::int64_t>{2}));
  const std::string line = refusal(k7B, R"({"eos_token_id":5,"repetition_penalty":1.05})");
  EXPECT_NAMES(line, "generation_config.json: repetition_penalty is 1.05");
  EXPECT_NAMES(refusal(k7B, R"({"repetition_penalty":"1"})"), "repetition_penalty");
}

TEST(Config, TiedIsEitherPlace) {
  json config = json::parse(k7B);
  config["tie_word_embeddings"] = true;
  EXPECT_TRUE(parse(config.dump()).text.tied);
  config["tie_word_embeddings"] = false;
  config["text_config"]["tie_word_embeddings"] = true;
  EXPECT_TRUE(parse(config.dump()).text.tied);
  for (const auto& tensor : expected_tensors(parse(config.dump()))) EXPECT_NE(tensor.name, "head.weight");
}

TEST(Config, RefusesWithFileAndField) {
  const auto with = [](const char* pointer, const json& value) {
    json config = json::parse(k7B);
    config[json::json_pointer(pointer)] = value;
    const std::string line = refusal(config.dump());
    EXPECT_NAMES(line, "config.json");
    return line;
  };
  EXPECT_NAMES(refusal("{"), "not valid JSON");
  EXPECT_NAMES(refusal("[]"), "not a JSON object");
  EXPECT_NAMES(with("/model_type", "qwen2_5_vl"), "qwen2_5_vl");
  EXPECT_NAMES(with("/quantization_config", {{"bits", 4}}), "quantised");
  EXPECT_NAMES(with("/text_config", 3), "text_config");
  EXPECT_NAMES(with("/text_config/model_type", "mistral"), "mistral");
  EXPECT_NAMES(with("/text_config/hidden_size", "4096"), "hidden_size is \"4096\"");
  EXPECT_NAMES(with("/text_config/hidden_size", 0), "hidden_size");
  EXPECT_NAMES(with("/text_config/hidden_size", -1), "hidden_size");
  EXPECT_NAMES(with("/text_config/hidden_size", 18446744073709551615ULL), "hidden_size");
  EXPECT_NAMES(with("/text_config/num_hidden_layers", 1'000'000), "num_hidden_layers");
  EXPECT_NAMES(with("/text_config/num_attention_heads", 33), "num_attention_heads");
  EXPECT_NAMES(with("/text_config/num_key_value_heads", 5), "num_key_value_heads");
  EXPECT_NAMES(with("/text_config/head_dim", 63), "odd");
  EXPECT_NAMES(with("/text_config/rms_norm_eps", 0), "rms_norm_eps");
  EXPECT_NAMES(with("/text_config/hidden_act", "gelu"), "hidden_act");
  EXPECT_NAMES(with("/text_config/attention_bias", true), "attention_bias");
  EXPECT_NAMES(with("/text_config/use_sliding_window", true), "use_sliding_window");
  EXPECT_NAMES(with("/text_config/rope_scaling", {{"type", "linear"}, {"factor", 2.0}}), "linear");
  EXPECT_NAMES(
      with("/text_config/rope_parameters", {{"rope_type", "default"}, {"partial_rotary_factor", 0.5}}),
      "partial");
  EXPECT_NAMES(with("/vision_config/model_type", "siglip_vision_model"), "siglip");
  EXPECT_NAMES(with("/vision_config/hidden_act", "relu"), "relu");
  EXPECT_NAMES(with("/vision_config/patch_size", 400), "patch_size");
  EXPECT_NAMES(with("/vision_config/num_channels", 1), "num_channels");
  EXPECT_NAMES(with("/vision_config/num_attention_heads", 7), "num_attention_heads");
  EXPECT_NAMES(with("/image_token_index", 32064), "image_token_index");
  EXPECT_NAMES(with("/projector_hidden_act", "relu"), "projector_hidden_act");
  EXPECT_NAMES(with("/vision_feature_layer", 25), "vision_feature_layer");
  EXPECT_NAMES(with("/vision_feature_layer", json::array()), "vision_feature_layer");
  EXPECT_NAMES(with("/vision_feature_layer", -26), "vision_feature_layer");
  EXPECT_NAMES(with("/vision_feature_select_strategy", "cls"), "cls");
  EXPECT_NAMES(with("/multimodal_projector_bias", 1), "multimodal_projector_bias");
  EXPECT_NAMES(refusal(k7B, R"({"eos_token_id":"x"})"), "generation_config.json");
  EXPECT_NAMES(refusal(R"({"model_type":"llava"})"), "image_token_index");
  const Scratch scratch;
  EXPECT_NAMES(data_error([&] { read_llava_config(scratch.path()); }), "config.json");
}

}  // namespace
}  // namespace hones::checkpoint
