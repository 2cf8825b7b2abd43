// LLaMA-style decoder, written for grouped-query attention (docs/models.md 2.3). Weights are bound by their
// Hugging Face names.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <hones/checkpoint/llava.hpp>
#include <hones/model/forward.hpp>

namespace hones::model {

// Gives the tensor of a normalised name, in the model's dtype.
using WeightSource = std::function<at::Tensor(const std::string& name)>;

class Decoder {
 public:
  Decoder(const checkpoint::DecoderConfig& config, const WeightSource& weights);

  const checkpoint::DecoderConfig& config() const { return config_; }
  at::ScalarType dtype() const { return embed_tokens_.scalar_type(); }

  at::Tensor embed(const at::Tensor& ids) const;  // int64 [T] -> [T, D]

  // R rows over one sequence. Touches no autograd mode: callers that want none hold an at::NoGradGuard or
  // c10::InferenceMode. Throws InternalError when an edit did not fire exactly once per row and head.
  ForwardOutput forward(const ForwardInput& input, const HeadGroup& group = HeadGroup()) const;

  // Final hidden states -> float32 logits. In the model's dtype, then cast, as generation does; or, `upcast`,
  // hidden states and head rows in float32 first, as the retrieval readout does (docs/benchmark.md 3.7).
  at::Tensor logits(const at::Tensor& hidden, bool upcast = false) const;

  // Angles of every position of the first axis: cos and sin [T, Dh] in the model's dtype.
  std::pair<at::Tensor, at::Tensor> rotation(const at::Tensor& positions) const;

  struct Layer {
    at::Tensor input_layernorm, post_attention_layernorm;  // [D]
    at::Tensor q_proj, k_proj, v_proj, o_proj;             // [H*Dh, D], [KV*Dh, D] twice, [D, H*Dh]
    at::Tensor gate_proj, up_proj, down_proj;              // [F, D] twice, [D, F]
  };
  const Layer& layer(std::int64_t index) const { return layers_.at(static_cast<std::size_t>(index)); }
  const at::Tensor& norm() const { return norm_; }         // [D]
  const at::Tensor& unembedding() const { return head_; }  // [V, D]
  const at::Tensor& down_proj(std::int64_t layer) const;   // [D, F]

 private:
  struct Pass;  // what is common to all layers of one forward

  at::Tensor attention(const Layer& layer, std::int64_t index, const at::Tensor& h, Pass& pass) const;
  at::Tensor ffn(const Layer& layer, std::int64_t index, const at::Tensor& h, Pass& pass) const;
  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight) const;

  checkpoint::DecoderConfig config_;
  at::Tensor embed_tokens_, norm_, head_;
  std::vector<Layer> layers_;
  at::Tensor inverse_frequencies_;  // float32 [Dh / 2], stays float32 in any model dtype
};

}  // namespace hones::model
