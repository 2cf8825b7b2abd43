#include <algorithm>
#include <tuple>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/tree_cost.hpp>
#include <hones/model/tree_pass.hpp>

#include "kernels.hpp"

namespace hones::model {

namespace {

at::Tensor heads_first(const at::Tensor& x) {  // [R, n, heads, Dh] -> [R, heads, n, Dh]
  return x.transpose(1, 2);
}

// Kernels are chosen by a product's shape: one product per row of the tile, so that a row's bits are its own.
void product_by_row(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight) {
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    at::Tensor into = out.select(0, r);
    at::mm_out(into, x.select(0, r), weight.t());
  }
}

void add_product_by_row(const at::Tensor& to, const at::Tensor& x, const at::Tensor& weight) {
  for (std::int64_t r = 0; r < x.size(0); ++r) to.select(0, r).addmm_(x.select(0, r), weight.t());
}

}  // namespace

struct TreePass::Layout {
  at::Tensor cos, sin;  // [T, Dh]
  at::Tensor read, cos_read, sin_read;
  at::Tensor mask_read;  // [S, T], 0 or -inf: what the positions read may see
  TreeShape shape;
  at::Tensor
      slots;  // int64 [branches * longest]: packed position of each slot; short branches repeat their last
  at::Tensor slot_of;             // int64 [T - trunk]: slot of each position behind the trunk
  std::int64_t rows = 0;          // that the angles are repeated for
  at::Tensor cos_rows, sin_rows;  // [rows * T, Dh]
};

struct TreePass::Begin {
  std::int64_t layer = 0;
  bool at_o_proj = false;
  at::Tensor residual, z;  // [T, ...] shared by all rows; z: only at_o_proj
  PlainState* keep = nullptr;
};

void TreeWorkspace::reserve(std::int64_t positions) {
  if (positions <= positions_) return;
  positions_ = positions;
  const checkpoint::DecoderConfig& config = decoder_.config();
  const auto buffer = [&](std::int64_t width) {
    return at::empty({positions, width}, decoder_.unembedding().options());
  };
  h_ = buffer(config.hidden_size);
  q_ = buffer(config.heads * config.head_dim);
  z_ = buffer(config.heads * config.head_dim);
  gate_ = buffer(config.intermediate_size);
  up_ = buffer(config.intermediate_size);
  keys_.clear();
  values_.clear();
  for (std::int64_t l = 0; l < config.layers; ++l) {
    keys_.push_back(buffer(config.kv_heads * config.head_dim));
    values_.push_back(buffer(config.kv_heads * config.head_dim));
  }
}

TreePass::TreePass(const Decoder& decoder, TreeWorkspace& workspace, const Sequence& sequence,
                   std::vector<std::int64_t> read)
    : decoder_(decoder),
      workspace_(workspace),
      T_(sequence.length()),
      read_(std::move(read)),
      layout_(std::make_unique<Layout>()) {
  HONES_ASSERT(
      !read_.empty() && std::is_sorted(read_.begin(), read_.end()) && read_.front() >= 0 && read_.back() < T_,
      "positions to read must be ascending and within the sequence");
  Layout& layout = *layout_;
  const auto& segments = sequence.segments;
  HONES_ASSERT(!segments.empty() && segments[0].parent == -1 && segments[0].begin == 0,
               "the trunk comes first");
  for (std::size_t s = 1; s < segments.size(); ++s)
    HONES_ASSERT(segments[s].parent == 0, "a branch of a branch");
  layout.shape = shape_of(sequence, read_);
  std::vector<std::int64_t> slots, slot_of;
  for (std::int64_t b = 0; b < layout.shape.branches; ++b) {
    const Segment& branch = segments[static_cast<std::size_t>(b) + 1];
    for (std::int64_t i = 0; i < layout.shape.longest; ++i) {
      slots.push_back(branch.begin + std::min(i, branch.length - 1));
      if (i < branch.length) slot_of.push_back(b * layout.shape.longest + i);
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
}

TreePass::~TreePass() = default;

std::int64_t TreePass::place(std::int64_t position) const {
  const auto found = std::lower_bound(read_.begin(), read_.end(), position);
  HONES_ASSERT(found != read_.end() && *found == position, "a position that is not read");
  return found - read_.begin();
}

TreeRows TreePass::plain(const at::Tensor& embeddings, Wants wants) {
  state_ = {};
  return run({0, false, embeddings, {}, &state_}, std::vector<RowEdit>(1), wants, HeadGroup());
}

TreeRows TreePass::whole(const at::Tensor& embeddings, const std::vector<RowEdit>& rows, Wants wants,
                         const HeadGroup& group) {
  return run({0, false, embeddings, {}, nullptr}, rows, wants, group);
}

TreeRows TreePass::resume(std::int64_t layer, const std::vector<RowEdit>& rows, Wants wants,
                          const HeadGroup& group) {
  const auto at = static_cast<std::size_t>(layer);
  HONES_ASSERT(at < state_.z.size(), "no plain run to resume from");
  return run({layer, true, state_.residual[at], state_.z[at], nullptr}, rows, wants, group);
}

// Attention of the positions behind the trunk: to the trunk, all at once, and to their own branch, branches
// padded to the longest; both by their log-sum-exp. Nothing of the size [heads, T, T] is ever held.
at::Tensor TreePass::branches(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
  const Layout& layout = *layout_;
  const std::int64_t R = q.size(0), H = q.size(2), Dh = q.size(3), P = layout.shape.trunk, S = T_ - P;
  const Attended trunk = attend(heads_first(q.narrow(1, P, S)), heads_first(k.narrow(1, 0, P)),
                                heads_first(v.narrow(1, 0, P)), /*causal=*/false);
  const auto branch_rows = [&](const at::Tensor& all) {  // [R * branches, H, longest, Dh]
    return heads_first(
        all.index_select(1, layout.slots).view({R * layout.shape.branches, layout.shape.longest, H, Dh}));
  };
  Attended own = attend(branch_rows(q), branch_rows(k), branch_rows(v), true);
  const std::int64_t slots = layout.shape.slots();
  own.values = own.values.transpose(1, 2).reshape({R, slots, H, Dh}).index_select(1, layout.slot_of);
  own.values = heads_first(own.values);  // [R, H, S, Dh]
  own.log_sum = own.log_sum.transpose(1, 2).reshape({R, slots, H}).index_select(1, layout.slot_of);
  own.log_sum = own.log_sum.transpose(1, 2);  // [R, H, S]
  return merge(trunk, own);
}

// Queries, keys and values of `x` [R, T, D]; the last layer asks at the positions read only. Returns z
// [R, T or S, H, Dh].
at::Tensor TreePass::attention(std::int64_t index, const at::Tensor& x, bool last) {
  const checkpoint::DecoderConfig& config = decoder_.config();
  const Decoder::Layer& layer = decoder_.layer(index);
  Layout& layout = *layout_;
  const std::int64_t R = x.size(0), H = config.heads, KV = config.kv_heads, Dh = config.head_dim;
  const std::int64_t n = R * T_;
  const at::Tensor h = workspace_.h_.narrow(0, 0, n).view({R, T_, -1});
  rms_norm_into(h, x, layer.input_layernorm, config.rms_norm_eps);
  const auto project = [&](const at::Tensor& buffer, const at::Tensor& weight) {
    const at::Tensor into = buffer.narrow(0, 0, n).view({R, T_, -1});
    product_by_row(into, h, weight);
    return into.view({R, T_, -1, Dh});
  };
  const auto turn = [&](const at::Tensor& t) {
    rotate_in_place(t.view({n, -1, Dh}), layout.cos_rows.narrow(0, 0, n), layout.sin_rows.narrow(0, 0, n));
  };
  const at::Tensor own_keys = project(workspace_.keys_[static_cast<std::size_t>(index)], layer.k_proj);
  const at::Tensor own_values = project(workspace_.values_[static_cast<std::size_t>(index)], layer.v_proj);
  turn(own_keys);
  const at::Tensor k = repeated(own_keys, H / KV), v = repeated(own_values, H / KV);
  if (last) {
    const auto S = static_cast<std::int64_t>(read_.size());
    const at::Tensor q = at::empty({R, S, H * Dh}, h.options());
    product_by_row(q, h.index_select(1, layout.read), layer.q_proj);
    for (std::int64_t r = 0; r < R; ++r)
      rotate_in_place(q.select(0, r).view({S, H, Dh}), layout.cos_read, layout.sin_read);
    return heads_first(at::scaled_dot_product_attention(heads_first(q.view({R, S, H, Dh})), heads_first(k),
                                                        heads_first(v), layout.mask_read))
        .contiguous();
  }
  const at::Tensor q = project(workspace_.q_, layer.q_proj);
  turn(q);
  const std::int64_t P = layout.shape.trunk;
  const auto trunk = [&](const at::Tensor& all) { return heads_first(all.narrow(1, 0, P)); };
  const at::Tensor trunk_z = heads_first(attend(trunk(q), trunk(k), trunk(v), /*causal=*/true).values);
  if (P == T_) return trunk_z;
  const at::Tensor z = workspace_.z_.narrow(0, 0, n).view({R, T_, H, Dh});
  z.narrow(1, 0, P).copy_(trunk_z);
  z.narrow(1, P, T_ - P).copy_(heads_first(branches(q, k, v)));
  return z;
}

at::Tensor TreePass::edited(const at::Tensor& z, const std::vector<RowEdit>& rows, std::int64_t layer,
                            bool last, const HeadGroup& group, std::int64_t& fired) const {
  std::vector<RowEdit> here(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (const HeadEdit& heads : rows[r].heads) {
      if (heads.layer != layer) continue;
      here[r].heads.push_back(heads);
      if (last && heads.noise.defined()) here[r].heads[0].noise = heads.noise.index_select(1, layout_->read);
    }
  }
  return apply_head_edits(z, here, layer, group, fired);
}

void TreePass::feed_forward(std::int64_t index, at::Tensor& x, const std::vector<RowEdit>& rows, bool last,
                            Wants wants, TreeRows& output, std::int64_t& fired) {
  const Decoder::Layer& layer = decoder_.layer(index);
  Layout& layout = *layout_;
  const std::int64_t R = x.size(0), n = x.size(1);
  const auto part = [&](const at::Tensor& buffer) { return buffer.narrow(0, 0, R * n).view({R, n, -1}); };
  at::Tensor h = part(workspace_.h_), gate = part(workspace_.gate_), up = part(workspace_.up_);
  rms_norm_into(h, x, layer.post_attention_layernorm, decoder_.config().rms_norm_eps);
  product_by_row(gate, h, layer.gate_proj);
  product_by_row(up, h, layer.up_proj);
  gate_in_place(gate, up);
  gate = apply_gains(gate, rows, index, fired);
  if (wants.a) output.a.push_back(last ? gate.clone() : gate.index_select(1, layout.read));
  if (!last || wants.hidden) add_product_by_row(x, gate, layer.down_proj);
}

TreeRows TreePass::run(const Begin& begin, const std::vector<RowEdit>& rows, Wants wants,
                       const HeadGroup& group) {
  const checkpoint::DecoderConfig& config = decoder_.config();
  Layout& layout = *layout_;
  const auto R = static_cast<std::int64_t>(rows.size());
  HONES_ASSERT(R >= 1, "a tile needs at least one row");
  workspace_.reserve(R * T_);
  if (layout.rows < R) {
    layout.rows = R;
    layout.cos_rows = layout.cos.repeat({R, 1});
    layout.sin_rows = layout.sin.repeat({R, 1});
  }
  TreeRows output;
  output.keys_from = begin.layer + (begin.at_o_proj ? 1 : 0);
  std::int64_t fired = 0;
  const auto for_all = [&](const at::Tensor& shared) {
    return shared.unsqueeze(0).expand({R, shared.size(0), -1}).contiguous();
  };
  at::Tensor x = for_all(begin.residual);  // [R, T or S, D]
  if (R == 1) x = x.clone();               // expand of one row is the shared tensor itself
  for (std::int64_t l = begin.layer; l < config.layers; ++l) {
    const bool last = l + 1 == config.layers;
    at::Tensor z;
    if (begin.at_o_proj && l == begin.layer) {
      z = begin.z.unsqueeze(0).expand({R, -1, -1, -1});
    } else {
      z = attention(l, x, last);
      if (last) x = x.index_select(1, layout.read);
      const auto at = static_cast<std::size_t>(l);
      const auto whole = [&](const at::Tensor& buffer) {
        return buffer.narrow(0, 0, R * T_).view({R, T_, config.kv_heads, config.head_dim});
      };
      if (begin.keep) {
        begin.keep->residual.push_back(x[0].clone());
        begin.keep->z.push_back(z[0].clone());
        begin.keep->keys.push_back(whole(workspace_.keys_[at])[0].clone());
        begin.keep->values.push_back(whole(workspace_.values_[at])[0].clone());
      }
      if (wants.keys) {
        output.keys.push_back(whole(workspace_.keys_[at]));
        output.values.push_back(whole(workspace_.values_[at]));
      }
    }
    z = edited(z, rows, l, last, group, fired);
    add_product_by_row(x, z.reshape({R, z.size(1), -1}), decoder_.layer(l).o_proj);
    feed_forward(l, x, rows, last, wants, output, fired);
  }
  const RowFlops flops = row_flops(config, layout.shape, begin.layer, begin.at_o_proj);
  output.layer_positions =
      flops.weights / checkpoint::DecoderFlops(config).position() * static_cast<double>(R);
  output.useful_flops = flops.all() * static_cast<double>(R);
  const std::int64_t expected = expected_firings(rows, group, config.heads);
  HONES_ASSERT(fired == expected, "interventions fired " + std::to_string(fired) + " times, expected " +
                                      std::to_string(expected));
  if (wants.hidden) {
    output.hidden = at::empty_like(x);
    rms_norm_into(output.hidden, x, decoder_.norm(), config.rms_norm_eps);
  }
  return output;
}

}  // namespace hones::model
