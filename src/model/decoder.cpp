#include <cmath>
#include <tuple>

#include <hones/base/error.hpp>
#include <hones/model/decoder.hpp>

namespace hones::model {

namespace {

// Pairs are (j, j + Dh/2): the halves of the head, not neighbours (docs/models.md 2.3, "rotate half").
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = x.size(-1) / 2;
  const at::Tensor rotated = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  return x * cos + rotated * sin;
}

at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {  // [R, T, heads*Dh] -> [R, heads, T, Dh]
  return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}

// Query head h reads key/value head h div (H/KV).
at::Tensor repeat_heads(const at::Tensor& x, std::int64_t times) {
  if (times == 1) return x;
  const auto B = x.size(0), KV = x.size(1), T = x.size(2), Dh = x.size(3);
  return x.unsqueeze(2).expand({B, KV, times, T, Dh}).reshape({B, KV * times, T, Dh});
}

at::Tensor select_positions(const at::Tensor& x, const at::Tensor& index) {
  return x.index_select(1, index);
}

}  // namespace

struct Decoder::Pass {
  const ForwardInput& input;
  const HeadGroup& group;
  at::Tensor cos, sin;  // [T, Dh] in the model's dtype
  at::Tensor mask;      // bool [T, past + T]; undefined: causal
  at::Tensor a_index, z_index;
  std::int64_t fired = 0;
  ForwardOutput output;

  void observe(std::string_view name, std::int64_t layer, const at::Tensor& value) const {
    if (input.observer) (*input.observer)(name, layer, value);
  }
};

Decoder::Decoder(const checkpoint::DecoderConfig& config, const WeightSource& weights) : config_(config) {
  embed_tokens_ = weights("lm.embed_tokens.weight");
  norm_ = weights("lm.norm.weight");
  head_ = config.tied ? embed_tokens_ : weights("head.weight");
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string at = "lm.layers." + std::to_string(i) + ".";
    layers_.push_back({weights(at + "input_layernorm.weight"),
                       weights(at + "post_attention_layernorm.weight"),
                       weights(at + "self_attn.q_proj.weight"), weights(at + "self_attn.k_proj.weight"),
                       weights(at + "self_attn.v_proj.weight"), weights(at + "self_attn.o_proj.weight"),
                       weights(at + "mlp.gate_proj.weight"), weights(at + "mlp.up_proj.weight"),
                       weights(at + "mlp.down_proj.weight")});
  }
  // With the reference's own operations: one ulp here times a position of thousands is a visible angle.
  const at::Tensor exponents =
      at::arange(0, config.head_dim, 2, at::kLong).to(at::kFloat) / static_cast<double>(config.head_dim);
  inverse_frequencies_ = at::pow(config.rope_theta, exponents).reciprocal();
}

const at::Tensor& Decoder::down_proj(std::int64_t layer) const {
  return layers_.at(static_cast<std::size_t>(layer)).down_proj;
}

std::pair<at::Tensor, at::Tensor> Decoder::rotation(const at::Tensor& positions) const {
  const at::Tensor angles =
      positions.select(0, 0).to(at::kFloat).unsqueeze(1) * inverse_frequencies_.unsqueeze(0);
  const at::Tensor both = at::cat({angles, angles}, -1);
  return {both.cos().to(dtype()), both.sin().to(dtype())};
}

at::Tensor Decoder::embed(const at::Tensor& ids) const {
  return at::embedding(embed_tokens_, ids);
}

at::Tensor Decoder::rms_norm(const at::Tensor& x, const at::Tensor& weight) const {
  const at::Tensor xf = x.to(at::kFloat);
  const at::Tensor variance = xf.pow(2).mean(-1, /*keepdim=*/true);
  return weight * (xf * at::rsqrt(variance + config_.rms_norm_eps)).to(x.scalar_type());
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

at::Tensor Decoder::attention(const Layer& layer, std::int64_t index, const at::Tensor& h, Pass& pass) const {
  at::Tensor q = split_heads(at::linear(h, layer.q_proj), config_.heads);     // [R, H, T, Dh]
  at::Tensor k = split_heads(at::linear(h, layer.k_proj), config_.kv_heads);  // [R, KV, T, Dh]
  at::Tensor v = split_heads(at::linear(h, layer.v_proj), config_.kv_heads);
  q = rotate(q, pass.cos, pass.sin);
  k = rotate(k, pass.cos, pass.sin);
  pass.observe("q", index, q);
  pass.observe("k", index, k);
  pass.observe("v", index, v);
  if (pass.input.readouts.keys_values) pass.output.new_parts.push_back({k, v});

  if (pass.input.past) {  // merge the parts, in order of position
    std::vector<at::Tensor> keys, values;
    for (const KeyValuePart& part : pass.input.past->parts.at(static_cast<std::size_t>(index))) {
      keys.push_back(part.keys.expand({k.size(0), -1, -1, -1}));
      values.push_back(part.values.expand({k.size(0), -1, -1, -1}));
    }
    keys.push_back(k);
    values.push_back(v);
    k = at::cat(keys, 2);
    v = at::cat(values, 2);
  }
  const std::int64_t group_size = config_.heads / config_.kv_heads;
  k = repeat_heads(k, group_size);
  v = repeat_heads(v, group_size);

  const bool causal = !pass.mask.defined() && q.size(2) > 1;
  at::Tensor z;  // [R, H, T, Dh]
  if (pass.input.observer) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
    at::Tensor scores = at::matmul(q, k.transpose(2, 3)) * scale;
    const at::Tensor allowed =
        pass.mask.defined() ? pass.mask : at::ones({q.size(2), k.size(2)}, at::kBool).tril();
    if (pass.mask.defined() || causal) scores = scores.masked_fill(allowed.logical_not(), -INFINITY);
    const at::Tensor probabilities = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
    pass.observe("probs", index, probabilities);
    z = at::matmul(probabilities, v);
  } else {
    z = at::scaled_dot_product_attention(
        q, k, v, pass.mask.defined() ? std::optional(pass.mask) : std::nullopt, 0.0, causal);
  }
  z = z.transpose(1, 2);  // [R, T, H, Dh]
  z = apply_head_edits(z, pass.input.rows, index, pass.group, pass.fired);
  pass.observe("z", index, z);
  if (pass.input.readouts.z_all) {
    pass.output.z.push_back(z);
  } else if (pass.z_index.defined()) {
    pass.output.z.push_back(select_positions(z, pass.z_index));
  }
  return at::linear(z.reshape({z.size(0), z.size(1), -1}), layer.o_proj);
}

at::Tensor Decoder::ffn(const Layer& layer, std::int64_t index, const at::Tensor& h, Pass& pass) const {
  at::Tensor a = at::silu(at::linear(h, layer.gate_proj)) * at::linear(h, layer.up_proj);  // [R, T, F]
  a = apply_gains(a, pass.input.rows, index, pass.fired);
  pass.observe("a", index, a);
  if (pass.a_index.defined()) pass.output.a.push_back(select_positions(a, pass.a_index));
  return at::linear(a, layer.down_proj);
}

ForwardOutput Decoder::forward(const ForwardInput& input, const HeadGroup& group) const {
  const auto R = static_cast<std::int64_t>(input.rows.size());
  const std::int64_t T = input.sequence.length();
  HONES_ASSERT(R >= 1, "a pass needs at least one row");
  HONES_ASSERT(input.sequence.positions.size(0) == 1, "this decoder has one position axis");
  HONES_ASSERT(input.start.residual.size(1) == T, "residual and sequence differ in length");

  Pass pass{input, group, {}, {}, {}, {}, {}, 0, {}};
  std::tie(pass.cos, pass.sin) = rotation(input.sequence.positions);
  pass.observe("cos", -1, pass.cos);
  pass.observe("sin", -1, pass.sin);
  const std::int64_t past = input.past ? input.past->length() : 0;
  pass.mask = attention_mask(input.sequence, past);
  if (T == 1) pass.mask = at::Tensor();  // one query sees every part: no mask is the same and faster
  const auto index = [](const std::vector<std::int64_t>& at) {
    return at.empty() ? at::Tensor() : at::tensor(at, at::kLong);
  };
  pass.a_index = index(input.readouts.a_at);
  pass.z_index = index(input.readouts.z_at);

  at::Tensor x = input.start.residual.expand({R, T, -1});
  for (std::int64_t i = input.start.layer; i < config_.layers; ++i) {
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    pass.observe("resid_pre", i, x);
    const at::Tensor attended = attention(layer, i, rms_norm(x, layer.input_layernorm), pass);
    pass.observe("attention", i, attended);
    x = x + attended;
    pass.observe("resid_mid", i, x);
    const at::Tensor h = rms_norm(x, layer.post_attention_layernorm);
    pass.observe("h", i, h);
    x = x + ffn(layer, i, h, pass);
    pass.observe("resid_post", i, x);
  }
  pass.output.layer_positions = R * T * (config_.layers - input.start.layer);
  const std::int64_t expected = expected_firings(input.rows, pass.group, config_.heads);
  HONES_ASSERT(pass.fired == expected, "interventions fired " + std::to_string(pass.fired) +
                                           " times, expected " + std::to_string(expected));
  if (!input.readouts.hidden_at.empty()) {
    pass.output.hidden = rms_norm(select_positions(x, index(input.readouts.hidden_at)), norm_);
    pass.observe("norm", -1, pass.output.hidden);
  }
  return std::move(pass.output);
}

}  // namespace hones::model
