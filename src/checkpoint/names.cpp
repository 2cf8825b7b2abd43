// Names and shapes of a LLaVA checkpoint's tensors (docs/models.md 1.3 and 1.4).
#include <array>
#include <string_view>

#include <hones/checkpoint/llava.hpp>

namespace hones::checkpoint {

namespace {

bool replace_prefix(std::string& name, std::string_view from, std::string_view to) {
  if (!name.starts_with(from)) return false;
  name.replace(0, from.size(), to);
  return true;
}

}  // namespace

std::string normalised_name(const std::string& name) {
  if (name.ends_with("rotary_emb.inv_freq") || name.ends_with("embeddings.position_ids")) return {};
  std::string result = name;
  // Only before these parts: "model." may also be the decoder body of another family.
  for (const std::string_view part :
       {"model.language_model.", "model.vision_tower.", "model.multi_modal_projector."}) {
    if (result.starts_with(part)) {
      result.erase(0, std::string_view("model.").size());
      break;
    }
  }
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kRules{{
      {"language_model.lm_head.", "head."},
      {"lm_head.", "head."},
      {"language_model.model.", "lm."},
      {"language_model.", "lm."},
      {"vision_tower.vision_model.", "vis."},
      {"vision_tower.", "vis."},
      {"multi_modal_projector.", "proj."},
  }};
  for (const auto& [from, to] : kRules) {
    if (replace_prefix(result, from, to)) break;
  }
  return result;
}

std::vector<ExpectedTensor> expected_tensors(const LlavaConfig& config) {
  std::vector<ExpectedTensor> all;
  const auto add = [&](std::string name, std::vector<std::int64_t> shape) {
    all.push_back({std::move(name), std::move(shape)});
  };

  const DecoderConfig& t = config.text;
  const std::int64_t query = t.heads * t.head_dim, key_value = t.kv_heads * t.head_dim;
  add("lm.embed_tokens.weight", {t.vocab_size, t.hidden_size});
  for (std::int64_t i = 0; i < t.layers; ++i) {
    const std::string layer = "lm.layers." + std::to_string(i) + ".";
    add(layer + "input_layernorm.weight", {t.hidden_size});
    add(layer + "self_attn.q_proj.weight", {query, t.hidden_size});
    add(layer + "self_attn.k_proj.weight", {key_value, t.hidden_size});
    add(layer + "self_attn.v_proj.weight", {key_value, t.hidden_size});
    add(layer + "self_attn.o_proj.weight", {t.hidden_size, query});
    add(layer + "post_attention_layernorm.weight", {t.hidden_size});
    add(layer + "mlp.gate_proj.weight", {t.intermediate_size, t.hidden_size});
    add(layer + "mlp.up_proj.weight", {t.intermediate_size, t.hidden_size});
    add(layer + "mlp.down_proj.weight", {t.hidden_size, t.intermediate_size});
  }
  add("lm.norm.weight", {t.hidden_size});
  if (!t.tied) add("head.weight", {t.vocab_size, t.hidden_size});

  const ClipConfig& v = config.vision;
  const std::int64_t side = v.image_size / v.patch_size;
  const auto add_biased = [&](const std::string& name, std::vector<std::int64_t> shape) {
    const std::int64_t out = shape.front();
    add(name + ".weight", std::move(shape));
    add(name + ".bias", {out});
  };
  add("vis.embeddings.class_embedding", {v.hidden_size});
  add("vis.embeddings.patch_embedding.weight", {v.hidden_size, 3, v.patch_size, v.patch_size});
  add("vis.embeddings.position_embedding.weight", {side * side + 1, v.hidden_size});
  add_biased("vis.pre_layrnorm", {v.hidden_size});  // the spelling of the published files
  for (std::int64_t i = 0; i < v.layers; ++i) {
    const std::string layer = "vis.encoder.layers." + std::to_string(i) + ".";
    add_biased(layer + "layer_norm1", {v.hidden_size});
    for (const char* projection : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      add_biased(layer + "self_attn." + projection, {v.hidden_size, v.hidden_size});
    }
    add_biased(layer + "layer_norm2", {v.hidden_size});
    add_biased(layer + "mlp.fc1", {v.intermediate_size, v.hidden_size});
    add_biased(layer + "mlp.fc2", {v.hidden_size, v.intermediate_size});
  }
  add_biased("vis.post_layernorm", {v.hidden_size});

  const std::int64_t features = v.hidden_size * static_cast<std::int64_t>(config.feature_layers.size());
  const auto add_projection = [&](const std::string& name, std::int64_t in) {
    add(name + ".weight", {t.hidden_size, in});
    if (config.projector_bias) add(name + ".bias", {t.hidden_size});
  };
  add_projection("proj.linear_1", features);
  add_projection("proj.linear_2", t.hidden_size);
  return all;
}

}  // namespace hones::checkpoint
