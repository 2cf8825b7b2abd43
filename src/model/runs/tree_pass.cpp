#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/runs/tree_pass.hpp>

#include "../decoder/layer.hpp"

namespace hones::model {

struct TreePass::Parts {
  Angles angles;  // of all positions
  TreeAttention attention;
};

// Where a run begins: at a layer's norm, or (at_o_proj) behind its attention.
struct TreePass::Begin {
  std::int64_t layer = 0;
  bool at_o_proj = false;
  at::Tensor residual, z;  // [T, ...] shared by all rows; z: only at_o_proj
  PlainState* keep = nullptr;
};

TreePass::TreePass(const Decoder& decoder, Workspace& workspace, const Sequence& sequence,
                   std::vector<std::int64_t> read)
    : decoder_(decoder), workspace_(workspace), read_(std::move(read)) {
  HONES_ASSERT(!read_.empty() && std::is_sorted(read_.begin(), read_.end()) && read_.front() >= 0 &&
                   read_.back() < sequence.length(),
               "positions to read must be ascending and within the sequence");
  shape_ = shape_of(sequence, read_);
  const Angles angles = decoder.rotary().angles(sequence.positions, decoder.dtype());
  parts_ = std::make_unique<Parts>(
      Parts{angles, TreeAttention(workspace.kernels(), decoder, sequence, read_, angles)});
}

TreePass::~TreePass() = default;

std::int64_t TreePass::place(std::int64_t position) const {
  const auto found = std::lower_bound(read_.begin(), read_.end(), position);
  HONES_ASSERT(found != read_.end() && *found == position, "a position that is not read");
  return found - read_.begin();
}

TreeRows TreePass::plain(const at::Tensor& embeddings, Wants wants) {
  state_ = {};
  return run({0, false, embeddings, {}, &state_}, std::vector<RowEdit>(1), wants);
}

TreeRows TreePass::whole(const at::Tensor& embeddings, const std::vector<RowEdit>& rows, Wants wants) {
  return run({0, false, embeddings, {}, nullptr}, rows, wants);
}

TreeRows TreePass::resume(std::int64_t layer, const std::vector<RowEdit>& rows, Wants wants) {
  const auto at = static_cast<std::size_t>(layer);
  HONES_ASSERT(at < state_.z.size(), "no plain run to resume from");
  return run({layer, true, state_.residual[at], state_.z[at], nullptr}, rows, wants);
}

// Order in a layer: attention of all positions (none in the layer that a resumed run begins at: its z is
// kept); the residual cut down to the positions queried, as z is; state and keys copied or lent before the
// next layer's products overwrite their buffers; then the rest of the layer, which writes into x.
void TreePass::through_layers(const Begin& begin, LayerContext& context, at::Tensor& x, Wants wants,
                              TreeRows& output) {
  const std::int64_t R = x.size(0), T = shape_.positions;
  const Range groups = decoder_.shard().kv_heads(decoder_.config());
  const auto lent = [&](Slot::Name name, std::int64_t layer) {
    const std::int64_t width = groups.size() * decoder_.config().head_dim;
    return workspace_.kernels().room({name, layer}, R, T, x, width).view({R, T, groups.size(), -1});
  };
  for (std::int64_t l = begin.layer; l < decoder_.config().layers; ++l) {
    at::Tensor z;
    if (begin.at_o_proj && l == begin.layer) {
      z = begin.z.unsqueeze(0).expand({R, -1, -1, -1});
    } else {
      z = mix(l, x, context);
      if (const Queried* queried = parts_->attention.queried(l)) x = x.index_select(1, queried->index);
      const at::Tensor keys = lent(Slot::Name::keys, l), values = lent(Slot::Name::values, l);
      if (begin.keep) {
        begin.keep->residual.push_back(x[0].clone());
        begin.keep->z.push_back(z[0].clone());
        begin.keep->keys_values.push_back(keys.clone(), values.clone());
      }
      if (wants.keys) output.keys_values.push_back(keys, values);
    }
    x = finish(l, x, z, context);
  }
}

TreeRows TreePass::run(const Begin& begin, const std::vector<RowEdit>& rows, Wants wants) {
  const checkpoint::DecoderConfig& config = decoder_.config();
  const auto R = static_cast<std::int64_t>(rows.size());
  HONES_ASSERT(R >= 1, "a tile needs at least one row");
  TreeRows output;
  output.keys_values.first = begin.layer + (begin.at_o_proj ? 1 : 0);
  LayerContext context{
      decoder_, workspace_.kernels(), Products::by_row, parts_->attention, parts_->angles, rows, {}, {}};
  context.to_the_end = wants.hidden;
  if (wants.a) {  // a buffer of the workspace: copied, at the positions read
    context.on_a = [&](std::int64_t layer, const at::Tensor& a) {
      output.a.push_back(parts_->attention.queried(layer)
                             ? a.clone()
                             : a.index_select(1, parts_->attention.queried(config.layers - 1)->index));
    };
  }
  // [R, T or S, D], the run's own: layers add to it in place.
  at::Tensor x = begin.residual.unsqueeze(0).repeat({R, 1, 1});
  through_layers(begin, context, x, wants, output);
  require_all_fired(context);
  const RowFlops flops = row_flops(config, shape_, begin.layer, begin.at_o_proj);
  output.layer_positions =
      flops.weights / checkpoint::DecoderFlops(config).position() * static_cast<double>(R);
  output.useful_flops = flops.all() * static_cast<double>(R);
  if (wants.hidden) output.hidden = final_norm(x, context);
  return output;
}

}  // namespace hones::model
