// CLIP vision tower and LLaVA projector (docs/models.md 2.1).
#pragma once

#include <cstdint>
#include <vector>

#include <hones/checkpoint/llava.hpp>
#include <hones/model/decoder.hpp>
#include <hones/model/observer.hpp>

namespace hones::family::llava {

class ClipTower {
 public:
  // Binds only the layers that the chosen features need: for feature layer -2 the last layer is never run.
  ClipTower(const checkpoint::LlavaConfig& config, const model::WeightSource& weights);

  // pixel_values float32 [N, 3, S, S] -> features [N, n, Dv * chosen layers] in the model's dtype, class
  // token dropped or kept as the configuration says.
  at::Tensor forward(const at::Tensor& pixel_values, const model::Observer* observer = nullptr) const;

 private:
  struct Layer {
    at::Tensor norm1_weight, norm1_bias, norm2_weight, norm2_bias;
    at::Tensor q_weight, q_bias, k_weight, k_bias, v_weight, v_bias, out_weight, out_bias;
    at::Tensor fc1_weight, fc1_bias, fc2_weight, fc2_bias;
  };
  at::Tensor attention(const Layer& layer, const at::Tensor& x) const;
  at::Tensor activation(const at::Tensor& x) const;
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const;

  checkpoint::ClipConfig config_;
  bool drop_class_token_;
  std::vector<std::int64_t> chosen_;  // entries of the list of hidden states, 0 = after pre_layrnorm
  at::Tensor class_embedding_, patch_embedding_, position_embedding_, pre_weight_, pre_bias_;
  std::vector<Layer> layers_;
};

// linear_2(activation(linear_1(features))): [N, n, Dv'] -> [N, n, D].
class Projector {
 public:
  Projector(const checkpoint::LlavaConfig& config, const model::WeightSource& weights);
  at::Tensor forward(const at::Tensor& features) const;

 private:
  std::string activation_;
  at::Tensor w1_, b1_, w2_, b2_;
};

}  // namespace hones::family::llava
