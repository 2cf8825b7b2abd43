// A LLaVA-1.5 checkpoint folder: configuration with the class defaults, weights under normalised names,
// shapes checked. Everything here is rank-local.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/checkpoint/safetensors.hpp>

namespace hones::checkpoint {

struct ClipConfig {
  std::int64_t hidden_size = 768;
  std::int64_t intermediate_size = 3072;
  std::int64_t layers = 12;
  std::int64_t heads = 12;
  std::int64_t image_size = 224;
  std::int64_t patch_size = 32;
  std::string activation = "quick_gelu";  // or "gelu"
  double layer_norm_eps = 1e-5;
};

struct LlavaConfig : ModelConfig {
  LlavaConfig() { model_type = "llava"; }
  ClipConfig vision;
  std::int64_t image_token_id = 32000;
  std::string projector_activation = "gelu";
  std::vector<std::int64_t> feature_layers{-2};
  bool drop_class_token = true;  // vision_feature_select_strategy "default"; false for "full"
  bool projector_bias = true;
  std::int64_t image_tokens = 576;  // derived: patches (+1 for "full")
};

// Parses config.json (docs/models.md 1.5) and generation_config.json beside it. Throws DataError naming file
// and field; refuses quantised checkpoints, other model types and a repetition_penalty other than 1.
LlavaConfig read_llava_config(const std::filesystem::path& folder);

// Normalised name of a tensor (docs/models.md 1.3): "lm.layers.0.self_attn.q_proj.weight", "head.weight",
// "vis....", "proj....". Empty for old buffers that are ignored (rotary_emb.inv_freq,
// embeddings.position_ids).
std::string normalised_name(const std::string& name);

// Every tensor a configuration needs, with its shape (docs/models.md 1.4): one table.
struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<ExpectedTensor> expected_tensors(const LlavaConfig& config);

struct Checkpoint {
  std::filesystem::path folder;
  LlavaConfig config;
  TensorMap tensors;  // normalised names, complete and exact
};

// Opens model.safetensors.index.json or model.safetensors, any of the three key layouts. Throws DataError
// listing what is missing, left over, colliding or of the wrong shape.
Checkpoint open_llava(const std::filesystem::path& folder);

// Prompts are rendered in LLaVA-1.5's form whatever the checkpoint's template says.
// Whether a template can be of that form: it writes "ASSISTANT:", and "USER:" or the role in capitals. A
// template that passes may still add something, a system sentence say; one that fails is another model's.
bool has_llava_pieces(const std::string& chat_template);

// One line that warns of prompts the model was not made for, where the checkpoint has a template without
// those pieces; empty otherwise. Throws as chat_template() does.
std::string chat_template_warning(const std::filesystem::path& folder);

}  // namespace hones::checkpoint
