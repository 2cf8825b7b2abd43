#include <algorithm>
#include <optional>

#include <hones/base/error.hpp>
#include <hones/model/tree_pass.hpp>

#include "kernels.hpp"

namespace hones::model {

namespace {

at::Tensor heads_first(const at::Tensor& x) {  // [n, heads, Dh] -> [1, heads, n, Dh]
  return x.transpose(0, 1).unsqueeze(0);
}

// Query head h reads key/value head h div (H / KV).
at::Tensor repeated(const at::Tensor& x, std::int64_t times) {  // [n, KV, Dh] -> [n, KV * times, Dh]
  return times == 1 ? x : x.repeat_interleave(times, 1);
}

}  // namespace

struct TreePass::Layout {
  at::Tensor cos, sin;  // [T, Dh]
  at::Tensor read, cos_read, sin_read;
  at::Tensor mask_read;  // [S, T], 0 or -inf: what the positions read may see
  std::int64_t trunk = 0, branches = 0, longest = 0;
  at::Tensor
      slots;  // int64 [branches * longest]: packed position of each slot; short branches repeat their last
  at::Tensor slot_of;  // int64 [T - trunk]: slot of each position behind the trunk
  // What a layer needs and the next overwrites. Allocated once: pages of fresh memory cost more than the
  // sums.
  at::Tensor h, q, z, gate, up;
  std::vector<at::Tensor> keys, values;  // per layer
};

struct TreePass::Begin {
  std::int64_t layer = 0;
  bool at_o_proj = false;
  at::Tensor residual, z;  // z: only at_o_proj
  PlainState* keep = nullptr;
};

TreePass::TreePass(const Decoder& decoder, const Sequence& sequence, std::vector<std::int64_t> read)
    : decoder_(decoder), T_(sequence.length()), read_(std::move(read)), layout_(std::make_unique<Layout>()) {
  HONES_ASSERT(
      !read_.empty() && std::is_sorted(read_.begin(), read_.end()) && read_.front() >= 0 && read_.back() < T_,
      "positions to read must be ascending and within the sequence");
  const checkpoint::DecoderConfig& config = decoder.config();
  Layout& layout = *layout_;
  const auto& segments = sequence.segments;
  HONES_ASSERT(!segments.empty() && segments[0].parent == -1 && segments[0].begin == 0,
               "the trunk comes first");
  layout.trunk = segments[0].length;
  layout.branches = static_cast<std::int64_t>(segments.size()) - 1;
  for (std::size_t s = 1; s < segments.size(); ++s) {
    HONES_ASSERT(segments[s].parent == 0, "a branch of a branch");
    layout.longest = std::max(layout.longest, segments[s].length);
  }
  std::vector<std::int64_t> slots, slot_of;
  for (std::int64_t b = 0; b < layout.branches; ++b) {
    const Segment& branch = segments[static_cast<std::size_t>(b) + 1];
    for (std::int64_t i = 0; i < layout.longest; ++i) {
      slots.push_back(branch.begin + std::min(i, branch.length - 1));
      if (i < branch.length) slot_of.push_back(b * layout.longest + i);
    }
  }
  layout.slots = at::tensor(slots, at::kLong);
  layout.slot_of = at::tensor(slot_of, at::kLong);

  std::tie(layout.cos, layout.sin) = decoder.rotation(sequence.positions);
  layout.read = at::tensor(read_, at::kLong);
  layout.cos_read = layout.cos.index_select(0, layout.read);
  layout.sin_read = layout.sin.index_select(0, layout.read);
  at::Tensor allowed = attention_mask(sequence, 0);
  if (!allowed.defined()) allowed = at::ones({T_, T_}, at::kBool).tril();
  allowed = allowed.index_select(0, layout.read);
  layout.mask_read = at::zeros({static_cast<std::int64_t>(read_.size()), T_}, decoder.unembedding().options())
                         .masked_fill_(allowed.logical_not(), -INFINITY);

  const auto buffer = [&](std::int64_t width) {
    return at::empty({T_, width}, decoder.unembedding().options());
  };
  layout.h = buffer(config.hidden_size);
  layout.q = buffer(config.heads * config.head_dim);
  layout.z = buffer(config.heads * config.head_dim);
  layout.gate = buffer(config.intermediate_size);
  layout.up = buffer(config.intermediate_size);
  for (std::int64_t l = 0; l < config.layers; ++l) {
    layout.keys.push_back(buffer(config.kv_heads * config.head_dim));
    layout.values.push_back(buffer(config.kv_heads * config.head_dim));
  }
}

TreePass::~TreePass() = default;
TreePass::TreePass(TreePass&&) noexcept = default;

std::int64_t TreePass::place(std::int64_t position) const {
  const auto found = std::lower_bound(read_.begin(), read_.end(), position);
  HONES_ASSERT(found != read_.end() && *found == position, "a position that is not read");
  return found - read_.begin();
}

TreeRow TreePass::plain(const at::Tensor& embeddings, Wants wants) {
  state_ = {};
  return run({0, false, embeddings, {}, &state_}, {}, wants, HeadGroup());
}

TreeRow TreePass::whole(const at::Tensor& embeddings, const RowEdit& edit, Wants wants,
                        const HeadGroup& group) {
  return run({0, false, embeddings, {}, nullptr}, edit, wants, group);
}

TreeRow TreePass::resume(const RowEdit& edit, Wants wants, const HeadGroup& group) {
  HONES_ASSERT(!edit.empty(), "an edit that touches no layer resumes nowhere");
  HONES_ASSERT(!state_.z.empty(), "no plain run to resume from");
  std::int64_t layer = decoder_.config().layers;
  for (const HeadEdit& heads : edit.heads) layer = std::min(layer, heads.layer);
  if (!edit.gains.empty()) layer = std::min(layer, edit.gains.begin()->first);
  const auto at = static_cast<std::size_t>(layer);
  return run({layer, true, state_.residual.at(at), state_.z.at(at), nullptr}, edit, wants, group);
}

// Queries, keys and values of `x` [T, D]; the last layer asks at the positions read only. Returns z.
at::Tensor TreePass::attention(std::int64_t index, const at::Tensor& x, bool last) {
  const checkpoint::DecoderConfig& config = decoder_.config();
  const Decoder::Layer& layer = decoder_.layer(index);
  Layout& layout = *layout_;
  const std::int64_t H = config.heads, KV = config.kv_heads, Dh = config.head_dim;
  rms_norm_into(layout.h, x, layer.input_layernorm, config.rms_norm_eps);
  at::Tensor& keys = layout.keys[static_cast<std::size_t>(index)];
  at::Tensor& values = layout.values[static_cast<std::size_t>(index)];
  at::mm_out(keys, layout.h, layer.k_proj.t());
  at::mm_out(values, layout.h, layer.v_proj.t());
  rotate_in_place(keys.view({T_, KV, Dh}), layout.cos, layout.sin);
  const at::Tensor k = repeated(keys.view({T_, KV, Dh}), H / KV),
                   v = repeated(values.view({T_, KV, Dh}), H / KV);
  if (last) {
    const at::Tensor q = at::mm(layout.h.index_select(0, layout.read), layer.q_proj.t()).view({-1, H, Dh});
    rotate_in_place(q, layout.cos_read, layout.sin_read);
    return at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v), layout.mask_read)
        .select(0, 0)
        .transpose(0, 1)
        .contiguous();
  }
  at::mm_out(layout.q, layout.h, layer.q_proj.t());
  const at::Tensor q = layout.q.view({T_, H, Dh});
  rotate_in_place(q, layout.cos, layout.sin);

  const std::int64_t P = layout.trunk, S = T_ - P;
  const auto part = [](const at::Tensor& all, std::int64_t begin, std::int64_t length) {
    return heads_first(all.narrow(0, begin, length));
  };
  const at::Tensor z = layout.z.view({T_, H, Dh});
  const auto put = [&](std::int64_t begin, std::int64_t length, const at::Tensor& attended) {
    z.narrow(0, begin, length).copy_(attended.select(0, 0).transpose(0, 1));
  };
  const at::Tensor trunk_keys = part(k, 0, P), trunk_values = part(v, 0, P);
  put(0, P, attend(part(q, 0, P), trunk_keys, trunk_values, /*causal=*/true).values);
  if (S > 0) {
    const Attended trunk = attend(part(q, P, S), trunk_keys, trunk_values, false);
    const auto branch_rows = [&](const at::Tensor& all) {  // [branches, H, longest, Dh]
      return all.index_select(0, layout.slots).view({layout.branches, layout.longest, H, Dh}).transpose(1, 2);
    };
    Attended own = attend(branch_rows(q), branch_rows(k), branch_rows(v), true);
    // [branches, H, longest, ...] -> [1, H, S, ...]
    own.values = own.values.transpose(1, 2).reshape({-1, H, Dh}).index_select(0, layout.slot_of);
    own.values = heads_first(own.values);
    own.log_sum = own.log_sum.transpose(1, 2).reshape({-1, H}).index_select(0, layout.slot_of);
    own.log_sum = own.log_sum.transpose(0, 1).unsqueeze(0);
    put(P, S, merge(trunk, own));
  }
  return z;
}

at::Tensor TreePass::edited(const at::Tensor& z, const RowEdit& edit, std::int64_t layer, bool last,
                            const HeadGroup& group, std::int64_t& fired) const {
  const auto found = std::find_if(edit.heads.begin(), edit.heads.end(),
                                  [&](const HeadEdit& heads) { return heads.layer == layer; });
  if (found == edit.heads.end()) return z;
  RowEdit here{{*found}, {}};
  if (last && found->noise.defined()) here.heads[0].noise = found->noise.index_select(1, layout_->read);
  return apply_head_edits(z.unsqueeze(0), {here}, layer, group, fired).select(0, 0);
}

void TreePass::feed_forward(std::int64_t index, at::Tensor& x, const RowEdit& edit, bool last, Wants wants,
                            TreeRow& row, std::int64_t& fired) {
  const Decoder::Layer& layer = decoder_.layer(index);
  Layout& layout = *layout_;
  const std::int64_t n = x.size(0);
  at::Tensor h = layout.h.narrow(0, 0, n), gate = layout.gate.narrow(0, 0, n), up = layout.up.narrow(0, 0, n);
  rms_norm_into(h, x, layer.post_attention_layernorm, decoder_.config().rms_norm_eps);
  at::mm_out(gate, h, layer.gate_proj.t());
  at::mm_out(up, h, layer.up_proj.t());
  gate_in_place(gate, up);
  if (const auto gain = edit.gains.find(index); gain != edit.gains.end()) {
    gate.mul_(gain->second.to(gate.options()));
    ++fired;
  }
  if (wants.a) row.a.push_back(last ? gate.clone() : gate.index_select(0, layout.read));
  if (!last || wants.hidden) x.addmm_(gate, layer.down_proj.t());
}

TreeRow TreePass::run(const Begin& begin, const RowEdit& edit, Wants wants, const HeadGroup& group) {
  const checkpoint::DecoderConfig& config = decoder_.config();
  Layout& layout = *layout_;
  TreeRow row;
  row.keys_from = begin.layer + (begin.at_o_proj ? 1 : 0);
  std::int64_t fired = 0;
  at::Tensor x = begin.residual.clone();
  // Shares of a layer's weights, which is its work per position (attention apart).
  const double D = static_cast<double>(config.hidden_size), F = static_cast<double>(config.intermediate_size);
  const double qo = D * static_cast<double>(config.heads * config.head_dim);
  const double kv = 2 * D * static_cast<double>(config.kv_heads * config.head_dim);
  const double all = 2 * qo + kv + 3 * D * F;
  const auto T = static_cast<double>(T_), S = static_cast<double>(read_.size());
  for (std::int64_t l = begin.layer; l < config.layers; ++l) {
    const bool last = l + 1 == config.layers;
    const bool from_z = begin.at_o_proj && l == begin.layer;
    at::Tensor z = begin.z;
    if (!from_z) {
      z = attention(l, x, last);
      if (last) x = x.index_select(0, layout.read);
      if (begin.keep) {
        const auto at = static_cast<std::size_t>(l);
        begin.keep->residual.push_back(x.clone());
        begin.keep->z.push_back(z.clone());
        begin.keep->keys.push_back(layout.keys[at].clone().view({T_, config.kv_heads, config.head_dim}));
        begin.keep->values.push_back(layout.values[at].clone().view({T_, config.kv_heads, config.head_dim}));
      }
      if (wants.keys) {
        const auto at = static_cast<std::size_t>(l);
        row.keys.push_back(layout.keys[at].view({T_, config.kv_heads, config.head_dim}));
        row.values.push_back(layout.values[at].view({T_, config.kv_heads, config.head_dim}));
      }
      row.layer_positions += last ? (kv * T + qo * S) / all : (kv + qo) / all * T;
    }
    row.layer_positions += (qo + 3 * D * F) / all * (last ? S : T);
    z = edited(z, edit, l, last, group, fired);
    x.addmm_(z.reshape({z.size(0), -1}), decoder_.layer(l).o_proj.t());
    feed_forward(l, x, edit, last, wants, row, fired);
  }
  const std::int64_t expected = expected_firings({edit}, group, config.heads);
  HONES_ASSERT(fired == expected, "interventions fired " + std::to_string(fired) + " times, expected " +
                                      std::to_string(expected));
  if (wants.hidden) {
    row.hidden = at::empty_like(x);
    rms_norm_into(row.hidden, x, decoder_.norm(), config.rms_norm_eps);
  }
  return row;
}

}  // namespace hones::model
