// config.json and generation_config.json with the defaults of the classes that read them
// (docs/models.md 1.5).
#include <hones/checkpoint/llava.hpp>

#include "fields.hpp"

namespace hones::checkpoint {

namespace {

// Far above any published model and far below what would overflow a product of two sizes.
constexpr std::int64_t kMaxSize = std::int64_t{1} << 24;
constexpr std::int64_t kMaxLayers = 1024;

void size(const Fields& fields, const char* name, std::int64_t& target, std::int64_t high = kMaxSize) {
  target = fields.integer(name, 1, high).value_or(target);
}

void refuse_if_true(const Fields& fields, const char* name) {
  if (fields.boolean(name).value_or(false))
    fields.fail(name, "is true; only models without it are supported");
}

// rope_theta beside rope_scaling, or one object rope_parameters.
void read_rope(const Fields& fields, DecoderConfig& text) {
  text.rope_theta = fields.positive("rope_theta").value_or(text.rope_theta);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const auto rope = fields.object(name);
    if (!rope) continue;
    text.rope_theta = rope->positive("rope_theta").value_or(text.rope_theta);
    for (const char* kind : {"rope_type", "type"}) {
      if (const auto type = rope->text(kind); type && *type != "default") {
        rope->fail(kind, "is \"" + *type + "\"; only plain rotary positions (\"default\") are supported");
      }
    }
    if (const auto part = rope->positive("partial_rotary_factor"); part && *part != 1.0) {
      rope->fail("partial_rotary_factor", "is not 1; rotary positions on a part of a head are not supported");
    }
  }
}

DecoderConfig read_text(const Fields& fields) {
  DecoderConfig text;
  if (const auto type = fields.text("model_type"); type && *type != "llama") {
    fields.fail("model_type", "is \"" + *type + "\"; only \"llama\" decoders are supported");
  }
  size(fields, "vocab_size", text.vocab_size);
  size(fields, "hidden_size", text.hidden_size);
  size(fields, "intermediate_size", text.intermediate_size);
  size(fields, "num_hidden_layers", text.layers, kMaxLayers);
  size(fields, "num_attention_heads", text.heads);
  size(fields, "max_position_embeddings", text.max_position_embeddings);
  text.kv_heads = text.heads;
  size(fields, "num_key_value_heads", text.kv_heads);
  if (text.heads % text.kv_heads != 0) {
    fields.fail("num_key_value_heads", "does not divide num_attention_heads " + std::to_string(text.heads));
  }
  if (const auto head_dim = fields.integer("head_dim", 1, kMaxSize)) {
    text.head_dim = *head_dim;
  } else if (text.hidden_size % text.heads == 0) {
    text.head_dim = text.hidden_size / text.heads;
  } else {
    fields.fail("num_attention_heads", "does not divide hidden_size " + std::to_string(text.hidden_size));
  }
  if (text.head_dim % 2 != 0) fields.fail("head_dim", "is odd; rotary positions need an even one");
  text.rms_norm_eps = fields.positive("rms_norm_eps").value_or(text.rms_norm_eps);
  if (const auto act = fields.text("hidden_act"); act && *act != "silu") {
    fields.fail("hidden_act", "is \"" + *act + "\"; only \"silu\" is supported");
  }
  refuse_if_true(fields, "attention_bias");
  refuse_if_true(fields, "mlp_bias");
  refuse_if_true(fields, "use_sliding_window");
  read_rope(fields, text);
  text.tied = fields.boolean("tie_word_embeddings").value_or(false);
  return text;
}

ClipConfig read_vision(const Fields& fields) {
  ClipConfig vision;
  if (const auto type = fields.text("model_type"); type && *type != "clip_vision_model") {
    fields.fail("model_type", "is \"" + *type + "\"; only \"clip_vision_model\" is supported");
  }
  size(fields, "hidden_size", vision.hidden_size);
  size(fields, "intermediate_size", vision.intermediate_size);
  size(fields, "num_hidden_layers", vision.layers, kMaxLayers);
  size(fields, "num_attention_heads", vision.heads);
  size(fields, "image_size", vision.image_size, 1 << 14);
  size(fields, "patch_size", vision.patch_size, 1 << 14);
  if (vision.hidden_size % vision.heads != 0) {
    fields.fail("num_attention_heads", "does not divide hidden_size " + std::to_string(vision.hidden_size));
  }
  if (vision.patch_size > vision.image_size) fields.fail("patch_size", "is larger than image_size");
  if (fields.integer("num_channels", 1, kMaxSize).value_or(3) != 3) fields.fail("num_channels", "is not 3");
  vision.activation = fields.text("hidden_act").value_or(vision.activation);
  if (vision.activation != "quick_gelu" && vision.activation != "gelu") {
    fields.fail("hidden_act", "is \"" + vision.activation + "\"; \"quick_gelu\" and \"gelu\" are supported");
  }
  vision.layer_norm_eps = fields.positive("layer_norm_eps").value_or(vision.layer_norm_eps);
  return vision;
}

// What the LLaVA class takes when a file has no vision_config at all: CLIP ViT-L/14 at 336.
ClipConfig vision_of_llava() {
  ClipConfig vision;
  vision.hidden_size = 1024;
  vision.intermediate_size = 4096;
  vision.layers = 24;
  vision.heads = 16;
  vision.image_size = 336;
  vision.patch_size = 14;
  return vision;
}

std::vector<std::int64_t> integers(const Fields& fields, const char* name, std::int64_t low,
                                   std::int64_t high, std::size_t most) {
  const json* value = fields.find(name);
  if (value == nullptr) return {};
  std::vector<std::int64_t> list;
  if (!value->is_array()) return {fields.as_integer(*value, name, low, high)};
  if (value->empty() || value->size() > most) {
    fields.fail(name,
                "has " + std::to_string(value->size()) + " entries; expected 1 to " + std::to_string(most));
  }
  for (const json& entry : *value) list.push_back(fields.as_integer(entry, name, low, high));
  return list;
}

// generation_config.json: the ids that end an answer, and the one setting there that changes greedy decoding.
std::vector<std::int64_t> read_eos(const std::filesystem::path& folder,
                                   const std::vector<std::int64_t>& of_text) {
  const std::filesystem::path file = folder / "generation_config.json";
  if (std::filesystem::exists(file)) {
    const json document = read_json(file);
    const Fields fields(document, file.string());
    if (const auto penalty = fields.positive("repetition_penalty"); penalty && *penalty != 1.0) {
      fields.fail("repetition_penalty", "is " + shown(*fields.find("repetition_penalty")) +
                                            "; answers are decoded greedily without a penalty, set it to 1");
    }
    auto ids = integers(fields, "eos_token_id", 0, kMaxSize, 64);
    if (!ids.empty()) return ids;
  }
  if (!of_text.empty()) return of_text;
  return {2};
}

}  // namespace

LlavaConfig read_llava_config(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  const json document = read_json(file);
  const Fields top(document, file.string());
  const std::string type = top.text("model_type").value_or("");
  if (type != "llava") top.fail("model_type", "is \"" + type + "\"; only \"llava\" is supported");
  if (top.find("quantization_config") != nullptr) {
    top.fail("quantization_config",
             "is present: quantised checkpoints are not supported, use the float16 or bfloat16 one");
  }

  LlavaConfig config;
  const auto text = top.object("text_config");
  const auto vision = top.object("vision_config");
  const json empty = json::object();
  const Fields text_fields = text.value_or(Fields(empty, file.string() + ": text_config"));
  config.text = read_text(text_fields);
  config.text.tied = config.text.tied || top.boolean("tie_word_embeddings").value_or(false);
  config.vision = vision ? read_vision(*vision) : vision_of_llava();

  for (const char* name : {"image_token_index", "image_token_id"}) {
    config.image_token_id = top.integer(name, 0, config.text.vocab_size - 1).value_or(config.image_token_id);
  }
  if (config.image_token_id >= config.text.vocab_size) {
    top.fail("image_token_index", std::to_string(config.image_token_id) + " is not below vocab_size " +
                                      std::to_string(config.text.vocab_size));
  }
  config.projector_activation = top.text("projector_hidden_act").value_or(config.projector_activation);
  if (config.projector_activation != "gelu") {
    top.fail("projector_hidden_act",
             "is \"" + config.projector_activation + "\"; only \"gelu\" is supported");
  }
  // Entry 0 is the embedding, entry i the output of layer i-1; negative counts from the end.
  auto layers = integers(top, "vision_feature_layer", -(config.vision.layers + 1), config.vision.layers, 64);
  if (!layers.empty()) config.feature_layers = std::move(layers);
  const std::string strategy = top.text("vision_feature_select_strategy").value_or("default");
  if (strategy != "default" && strategy != "full") {
    top.fail("vision_feature_select_strategy",
             "is \"" + strategy + "\"; \"default\" and \"full\" are supported");
  }
  config.drop_class_token = strategy == "default";
  config.projector_bias = top.boolean("multimodal_projector_bias").value_or(true);
  const std::int64_t side = config.vision.image_size / config.vision.patch_size;
  config.image_tokens = side * side + (config.drop_class_token ? 0 : 1);
  for (const Fields* place : {&top, &text_fields}) {
    for (const char* name : {"dtype", "torch_dtype"}) {
      if (config.dtype.empty()) config.dtype = place->text(name).value_or("");
    }
  }
  auto eos = integers(text_fields, "eos_token_id", 0, kMaxSize, 64);
  config.eos_ids = read_eos(folder, eos);
  config.model_type = type;
  return config;
}

}  // namespace hones::checkpoint
