#include "vision.hpp"

#include <algorithm>

#include <hones/base/error.hpp>

namespace hones::family::llava {

ClipTower::ClipTower(const checkpoint::LlavaConfig& config, const model::WeightSource& weights)
    : config_(config.vision), drop_class_token_(config.drop_class_token) {
  for (const std::int64_t layer : config.feature_layers) {
    chosen_.push_back(layer >= 0 ? layer : config_.layers + 1 + layer);
  }
  const std::int64_t needed = *std::max_element(chosen_.begin(), chosen_.end());
  class_embedding_ = weights("vis.embeddings.class_embedding");
  patch_embedding_ = weights("vis.embeddings.patch_embedding.weight");
  position_embedding_ = weights("vis.embeddings.position_embedding.weight");
  pre_weight_ = weights("vis.pre_layrnorm.weight");
  pre_bias_ = weights("vis.pre_layrnorm.bias");
  for (std::int64_t i = 0; i < needed; ++i) {
    const std::string at = "vis.encoder.layers." + std::to_string(i) + ".";
    const auto both = [&](const std::string& name) {
      return std::pair(weights(at + name + ".weight"), weights(at + name + ".bias"));
    };
    Layer layer;
    std::tie(layer.norm1_weight, layer.norm1_bias) = both("layer_norm1");
    std::tie(layer.norm2_weight, layer.norm2_bias) = both("layer_norm2");
    std::tie(layer.q_weight, layer.q_bias) = both("self_attn.q_proj");
    std::tie(layer.k_weight, layer.k_bias) = both("self_attn.k_proj");
    std::tie(layer.v_weight, layer.v_bias) = both("self_attn.v_proj");
    std::tie(layer.out_weight, layer.out_bias) = both("self_attn.out_proj");
    std::tie(layer.fc1_weight, layer.fc1_bias) = both("mlp.fc1");
    std::tie(layer.fc2_weight, layer.fc2_bias) = both("mlp.fc2");
    layers_.push_back(std::move(layer));
  }
}

at::Tensor ClipTower::norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const {
  return at::layer_norm(x, {config_.hidden_size}, weight, bias, config_.layer_norm_eps);
}

at::Tensor ClipTower::activation(const at::Tensor& x) const {
  if (config_.activation == "quick_gelu") return x * at::sigmoid(1.702 * x);
  return at::gelu(x);
}

at::Tensor ClipTower::attention(const Layer& layer, const at::Tensor& x) const {
  const std::int64_t N = x.size(0), T = x.size(1), heads = config_.heads;
  const auto split = [&](const at::Tensor& weight, const at::Tensor& bias) {
    return at::linear(x, weight, bias).view({N, T, heads, -1}).transpose(1, 2);
  };
  const at::Tensor mixed = at::scaled_dot_product_attention(split(layer.q_weight, layer.q_bias),
                                                            split(layer.k_weight, layer.k_bias),
                                                            split(layer.v_weight, layer.v_bias));
  return at::linear(mixed.transpose(1, 2).reshape({N, T, -1}), layer.out_weight, layer.out_bias);
}

at::Tensor ClipTower::forward(const at::Tensor& pixel_values, const model::Observer* observer) const {
  const auto observe = [&](std::string_view name, std::int64_t layer, const at::Tensor& value) {
    if (observer) (*observer)(name, layer, value);
  };
  const at::Tensor pixels = pixel_values.to(patch_embedding_.scalar_type());
  at::Tensor patches =
      at::conv2d(pixels, patch_embedding_, {}, at::IntArrayRef{config_.patch_size, config_.patch_size});
  observe("vision.patch_embedding", -1, patches);
  patches = patches.flatten(2).transpose(1, 2);  // [N, patches, Dv], row by row
  const std::int64_t N = patches.size(0);
  at::Tensor x = at::cat({class_embedding_.expand({N, 1, -1}), patches}, 1);
  HONES_ASSERT(x.size(1) == position_embedding_.size(0),
               "picture of " + std::to_string(x.size(1)) + " tokens for " +
                   std::to_string(position_embedding_.size(0)) + " positions");
  x = norm(x + position_embedding_, pre_weight_, pre_bias_);
  observe("vision.pre_norm", -1, x);

  std::vector<at::Tensor> states{x};  // entry k is the output of layer k - 1
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    x = x + attention(layer, norm(x, layer.norm1_weight, layer.norm1_bias));
    const at::Tensor h =
        at::linear(norm(x, layer.norm2_weight, layer.norm2_bias), layer.fc1_weight, layer.fc1_bias);
    x = x + at::linear(activation(h), layer.fc2_weight, layer.fc2_bias);
    observe("vision.layers", static_cast<std::int64_t>(i), x);
    states.push_back(x);
  }
  std::vector<at::Tensor> features;
  for (const std::int64_t entry : chosen_) {
    const at::Tensor& state = states[static_cast<std::size_t>(entry)];
    features.push_back(drop_class_token_ ? state.narrow(1, 1, state.size(1) - 1) : state);
  }
  at::Tensor selected = features.size() == 1 ? features[0] : at::cat(features, -1);
  observe("vision.selected", -1, selected);
  return selected;
}

Projector::Projector(const checkpoint::LlavaConfig& config, const model::WeightSource& weights)
    : activation_(config.projector_activation),
      w1_(weights("proj.linear_1.weight")),
      w2_(weights("proj.linear_2.weight")) {
  if (config.projector_bias) {
    b1_ = weights("proj.linear_1.bias");
    b2_ = weights("proj.linear_2.bias");
  }
}

at::Tensor Projector::forward(const at::Tensor& features) const {
  const auto bias = [](const at::Tensor& b) { return b.defined() ? std::optional(b) : std::nullopt; };
  const at::Tensor h = at::linear(features, w1_, bias(b1_));
  const at::Tensor g = activation_ == "quick_gelu" ? h * at::sigmoid(1.702 * h) : at::gelu(h);
  return at::linear(g, w2_, bias(b2_));
}

}  // namespace hones::family::llava
