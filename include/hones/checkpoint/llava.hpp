// A LLaVA-1.5 checkpoint folder: configuration with the class defaults, weights under normalised names,
// shapes checked. Everything here is rank-local.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/checkpoint/safetensors.hpp>

namespace hones::checkpoint {

struct DecoderConfig {
  std::int64_t vocab_size = 32000;
  std::int64_t hidden_size = 4096;         // D
  std::int64_t intermediate_size = 11008;  // F, d_ff
  std::int64_t layers = 32;                // L
  std::int64_t heads = 32;                 // H, query heads
  std::int64_t kv_heads = 32;              // KV
  std::int64_t head_dim = 128;             // Dh
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e4;
  std::int64_t max_position_embeddings = 2048;
  bool tied = false;
};

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

struct LlavaConfig {
  DecoderConfig text;
  ClipConfig vision;
  std::int64_t image_token_id = 32000;
  std::string projector_activation = "gelu";
  std::vector<std::int64_t> feature_layers{-2};
  bool drop_class_token = true;  // vision_feature_select_strategy "default"; false for "full"
  bool projector_bias = true;
  std::int64_t image_tokens = 576;  // derived: patches (+1 for "full")
  std::string dtype;  // "float16", "bfloat16", "float32" as the file says; empty where it does not
  std::vector<std::int64_t> eos_ids{2};  // generation_config.json first, then text_config, then 2
  std::string model_type = "llava";
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

// SHA-256 of the lines "SHA256  NAME\n", in name order, of every file that a number depends on: config.json,
// generation_config.json (what ends an answer), tokenizer.json, preprocessor_config.json,
// processor_config.json (those that exist), the index and all weight files. What `sha256sum FILES... |
// sha256sum` prints. Throws DataError where the weights are not there.
std::string model_digest(const std::filesystem::path& folder);

// The checkpoint's chat template, a text in Jinja: of chat_template.jinja, chat_template.json,
// processor_config.json or tokenizer_config.json, the first that has one (docs/models.md 5.5); of several
// named ones that named "default". None: nullopt. Throws DataError naming a file that is there and malformed.
struct ChatTemplate {
  std::filesystem::path file;
  std::string text;
};
std::optional<ChatTemplate> chat_template(const std::filesystem::path& folder);

// Prompts are rendered in LLaVA-1.5's form whatever the checkpoint's template says (text::llava_chat()).
// Whether a template can be of that form: it writes "ASSISTANT:", and "USER:" or the role in capitals. A
// template that passes may still add something, a system sentence say; one that fails is another model's.
bool has_llava_pieces(const std::string& chat_template);

// One line that warns of prompts the model was not made for, where the checkpoint has a template without
// those pieces; empty otherwise. Throws as chat_template() does.
std::string chat_template_warning(const std::filesystem::path& folder);

struct ModelLocation {
  std::filesystem::path folder;
  std::string snapshot;  // commit hash of the Hugging Face snapshot; empty for a plain folder
};

// A folder, or `org/name` looked up offline in the local Hugging Face cache (HF_HUB_CACHE, HF_HOME/hub,
// ~/.cache/huggingface/hub; snapshots/ by refs/REVISION, default main, or a commit hash). Throws DataError
// with one line that says where it was sought and how to fetch it.
ModelLocation locate_model(const std::string& name_or_folder, const std::string& revision);

}  // namespace hones::checkpoint
