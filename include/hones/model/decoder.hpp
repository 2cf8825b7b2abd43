// LLaMA-style decoder, written for grouped-query attention (docs/models.md 2.3): its weights, bound by their
// Hugging Face names, and what lies before the first layer and behind the last. Passes through the layers are
// runs (hones/model/runs).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/model/shard.hpp>

namespace hones::model {

// Gives the tensor of a normalised name, in the model's dtype: the whole model's, whatever the shard.
using WeightSource = std::function<at::Tensor(const std::string& name)>;

struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]; undefined: none
};

// What final hidden states say of the next ids, on the host.
struct Reading {
  std::vector<std::int64_t> best;  // by position: the id of the largest logit, the lowest on ties
  std::vector<double> log_sum;     // by position: log of the sum of all exponentials, natural
  std::vector<double> log_probs;   // of ids[j] at position j, for as many as there are of both
  bool finite = true;              // every log_sum is
};

class Decoder {
 public:
  // Holds the shard's part of the weights; with one shard the tensors are those of `weights`.
  Decoder(const checkpoint::DecoderConfig& config, const WeightSource& weights,
          std::shared_ptr<const Shard> shard);
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  const checkpoint::DecoderConfig& config() const { return config_; }
  at::ScalarType dtype() const { return embed_tokens_.scalar_type(); }
  at::TensorOptions options() const { return embed_tokens_.options(); }  // dtype and device
  const Shard& shard() const { return *shard_; }

  // int64 [T] -> [T, D]. DataError for an id beyond the vocabulary. Collective over the shard.
  at::Tensor embed(std::span<const std::int64_t> ids) const;

  // Final hidden states -> float32 logits of the shard's part of the vocabulary. In the model's dtype, then
  // cast, as generation does; or, `upcast`, hidden states and head rows in float32 first, as the retrieval
  // readout does (docs/benchmark.md 3.7).
  at::Tensor logits(const at::Tensor& hidden, bool upcast = false) const;

  // Of final hidden states [n, D], over the whole vocabulary; one copy from the device. Collective.
  Reading read(const at::Tensor& hidden, std::span<const std::int64_t> ids) const;

  struct Layer {
    at::Tensor input_layernorm, post_attention_layernorm;  // [D]
    Linear q_proj, k_proj, v_proj, o_proj;                 // [H*Dh, D], [KV*Dh, D] twice, [D, H*Dh]
    Linear gate_proj, up_proj, down_proj;                  // [F, D] twice, [D, F]
  };
  const Layer& layer(std::int64_t index) const { return layers_.at(static_cast<std::size_t>(index)); }
  const at::Tensor& norm() const { return norm_; }         // [D]
  const at::Tensor& unembedding() const { return head_; }  // [V, D]
  const at::Tensor& down_proj(std::int64_t layer) const;   // [D, F]
  const class Rotary& rotary() const { return *rotary_; }

 private:
  checkpoint::DecoderConfig config_;
  std::shared_ptr<const Shard> shard_;
  at::Tensor embed_tokens_, norm_, head_;
  std::vector<Layer> layers_;
  std::unique_ptr<const Rotary> rotary_;
};

// int64 [values.size()] where `device` is: every list of indices goes there by this one way.
at::Tensor index_tensor(std::span<const std::int64_t> values, at::Device device);

}  // namespace hones::model
