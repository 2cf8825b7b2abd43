#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/model/decoder.hpp>

#include "rotary.hpp"

namespace hones::model {

namespace {

at::Tensor rows_of(const at::Tensor& weight, Range range, std::int64_t each = 1) {
  if (range.size() * each == weight.size(0)) return weight;
  return weight.narrow(0, range.begin * each, range.size() * each);
}

at::Tensor columns_of(const at::Tensor& weight, Range range, std::int64_t each = 1) {
  if (range.size() * each == weight.size(1)) return weight;
  return weight.narrow(1, range.begin * each, range.size() * each).contiguous();
}

// Heads of attention and FFN neurons that the shard holds; norms are everybody's.
Decoder::Layer layer_of(const checkpoint::DecoderConfig& config, const WeightSource& weights,
                        const Shard& shard, std::int64_t index) {
  const std::string at = "lm.layers." + std::to_string(index) + ".";
  const Range heads = shard.heads(config), groups = shard.kv_heads(config), neurons = shard.ffn(config);
  const auto attention = [&](const std::string& name, Range range) {
    Linear linear{rows_of(weights(at + "self_attn." + name + ".weight"), range, config.head_dim), {}};
    if (config.qkv_bias)
      linear.bias = rows_of(weights(at + "self_attn." + name + ".bias"), range, config.head_dim);
    return linear;
  };
  const auto ffn = [&](const std::string& name) {
    return Linear{rows_of(weights(at + "mlp." + name + ".weight"), neurons), {}};
  };
  return {weights(at + "input_layernorm.weight"),
          weights(at + "post_attention_layernorm.weight"),
          attention("q_proj", heads),
          attention("k_proj", groups),
          attention("v_proj", groups),
          {columns_of(weights(at + "self_attn.o_proj.weight"), heads, config.head_dim), {}},
          ffn("gate_proj"),
          ffn("up_proj"),
          {columns_of(weights(at + "mlp.down_proj.weight"), neurons), {}}};
}

// What the shards' readings of their own parts of the vocabulary, [shards, 4, n], come to: the largest logit,
// its id, log-sum-exp, and the logit of the id asked for (0 where another shard holds it).
at::Tensor merged(const at::Tensor& parts) {
  const at::Tensor largest = parts.select(1, 0);
  const at::Tensor winner = largest.argmax(0, /*keepdim=*/true);  // the lowest shard on ties: the lowest id
  return at::stack({parts.select(1, 1).gather(0, winner).squeeze(0), parts.select(1, 2).logsumexp(0),
                    parts.select(1, 3).sum(0)});
}

}  // namespace

at::Tensor index_tensor(std::span<const std::int64_t> values, at::Device device) {
  return at::tensor(at::ArrayRef<std::int64_t>(values.data(), values.size()), at::kLong).to(device);
}

Decoder::Decoder(const checkpoint::DecoderConfig& config, const WeightSource& weights,
                 std::shared_ptr<const Shard> shard)
    : config_(config), shard_(std::move(shard)), rotary_(std::make_unique<Rotary>(config)) {
  const Range vocabulary = shard_->vocabulary(config);
  embed_tokens_ = rows_of(weights("lm.embed_tokens.weight"), vocabulary);
  norm_ = weights("lm.norm.weight");
  head_ = config.tied ? embed_tokens_ : rows_of(weights("head.weight"), vocabulary);
  for (std::int64_t i = 0; i < config.layers; ++i) layers_.push_back(layer_of(config, weights, *shard_, i));
}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;

const at::Tensor& Decoder::down_proj(std::int64_t layer) const {
  return layers_.at(static_cast<std::size_t>(layer)).down_proj.weight;
}

at::Tensor Decoder::embed(std::span<const std::int64_t> ids) const {
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= config_.vocab_size)
      throw DataError("token id " + std::to_string(id) + " is beyond the model's " +
                      std::to_string(config_.vocab_size) + " rows");
  }
  const at::Tensor index = index_tensor(ids, embed_tokens_.device());
  if (shard_->size() == 1) return at::embedding(embed_tokens_, index);
  const Range held = shard_->vocabulary(config_);
  const at::Tensor inside = index.ge(held.begin).logical_and(index.lt(held.end));
  const at::Tensor rows = at::embedding(embed_tokens_, (index - held.begin).clamp(0, held.size() - 1));
  return shard_->sum(rows * inside.unsqueeze(1).to(rows.scalar_type()));
}

at::Tensor Decoder::logits(const at::Tensor& hidden, bool upcast) const {
  // Row by row: a matrix product of few positions takes another kernel than one of many, and a row's logits
  // must not depend on how many other rows there are.
  const at::Tensor weight = upcast ? head_.to(at::kFloat) : head_;
  const at::Tensor states = upcast ? hidden.to(at::kFloat) : hidden;
  if (states.dim() < 3) return at::linear(states, weight).to(at::kFloat);
  std::vector<at::Tensor> rows;
  for (const at::Tensor& row : states.unbind(0)) rows.push_back(at::linear(row, weight));
  return at::stack(rows).to(at::kFloat);
}

Reading Decoder::read(const at::Tensor& hidden, std::span<const std::int64_t> ids) const {
  const at::Tensor scores = logits(hidden);  // [n, V of the shard]
  const std::int64_t n = scores.size(0), m = std::min<std::int64_t>(n, std::ssize(ids));
  const Range held = shard_->vocabulary(config_);
  at::Tensor best = scores.argmax(-1), sums = scores.to(at::kDouble).logsumexp(-1);
  const at::Tensor asked = index_tensor(ids.first(static_cast<std::size_t>(m)), scores.device()) - held.begin;
  at::Tensor chosen = at::zeros({n}, sums.options());
  if (m > 0) {
    const at::Tensor inside = asked.ge(0).logical_and(asked.lt(held.size()));
    const at::Tensor own = scores.narrow(0, 0, m)
                               .gather(1, asked.clamp(0, held.size() - 1).unsqueeze(1))
                               .squeeze(1)
                               .to(at::kDouble);
    chosen.narrow(0, 0, m).copy_(at::where(inside, own, at::zeros_like(own)));
  }
  at::Tensor told = at::stack({(best + held.begin).to(at::kDouble), sums, chosen});  // [3, n]
  if (shard_->size() > 1) {  // gathered by a sum: each shard fills its own part
    at::Tensor parts = at::zeros({shard_->size(), 4, n}, sums.options());
    parts[shard_->rank()][0].copy_(scores.amax(-1));
    parts[shard_->rank()].narrow(0, 1, 3).copy_(told);
    told = merged(shard_->sum(parts));
  }
  const at::Tensor host = told.cpu().contiguous();
  const double* values = host.const_data_ptr<double>();
  Reading reading;
  for (std::int64_t j = 0; j < n; ++j) {
    reading.best.push_back(static_cast<std::int64_t>(values[j]));
    reading.log_sum.push_back(values[n + j]);
    reading.finite = reading.finite && std::isfinite(values[n + j]);
    if (j < m) reading.log_probs.push_back(values[2 * n + j] - values[n + j]);
  }
  return reading;
}

}  // namespace hones::model
