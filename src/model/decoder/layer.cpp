#include "layer.hpp"

#include <hones/base/error.hpp>

namespace hones::model {

namespace {

void observe(const LayerContext& context, std::string_view name, std::int64_t layer,
             const at::Tensor& value) {
  if (context.observer) (*context.observer)(name, layer, value);
}

HeldHeads held_heads(const LayerContext& context) {
  const Decoder& decoder = context.decoder;
  return {decoder.shard().heads(decoder.config()), decoder.config().heads, decoder.shard()};
}

// Noise is made for all positions of a run; a layer that is asked for some of them takes theirs.
std::vector<RowEdit> edits_at(const LayerContext& context, std::int64_t layer, const at::Tensor& index) {
  std::vector<RowEdit> edits(context.edits.size());
  for (std::size_t r = 0; r < edits.size(); ++r) {
    for (const HeadEdit& heads : context.edits[r].heads) {
      if (heads.layer != layer) continue;
      edits[r].heads.push_back(heads);
      if (heads.noise.defined()) edits[r].heads.back().noise = heads.noise.index_select(1, index);
    }
  }
  return edits;
}

at::Tensor edited(std::int64_t layer, const at::Tensor& z, LayerContext& context) {
  const Queried* queried = context.attention.queried(layer);
  if (!queried) return apply_head_edits(z, context.edits, layer, held_heads(context), context.fired);
  return apply_head_edits(z, edits_at(context, layer, queried->index), layer, held_heads(context),
                          context.fired);
}

// x + y W^T, each shard its part of the product: the residual and a bias enter the sum on the first alone.
at::Tensor add_product(const at::Tensor& x, const at::Tensor& y, const Linear& linear,
                       const LayerContext& context) {
  const Shard& shard = context.decoder.shard();
  const at::Tensor partial =
      shard.first() ? context.kernels.add_product(x, y, linear, context.products)
                    : context.kernels.product(y, {linear.weight, {}}, context.products, {Slot::Name::own});
  return shard.sum(partial);
}

}  // namespace

at::Tensor mix(std::int64_t index, const at::Tensor& x, const LayerContext& context) {
  const Decoder::Layer& layer = context.decoder.layer(index);
  const checkpoint::DecoderConfig& config = context.decoder.config();
  observe(context, "resid_pre", index, x);
  const at::Tensor h =
      context.kernels.norm(x, layer.input_layernorm, config.rms_norm_eps, {Slot::Name::normed});
  const auto project = [&](const at::Tensor& from, const Linear& linear, Slot slot) {
    const at::Tensor out = context.kernels.product(from, linear, context.products, slot);
    return out.view({out.size(0), out.size(1), -1, config.head_dim});
  };
  const at::Tensor k =
      context.kernels.rotate(project(h, layer.k_proj, {Slot::Name::keys, index}), context.angles);
  const at::Tensor v = project(h, layer.v_proj, {Slot::Name::values, index});
  const Queried* queried = context.attention.queried(index);
  const at::Tensor q = context.kernels.rotate(
      project(queried ? h.index_select(1, queried->index) : h, layer.q_proj, {Slot::Name::queries}),
      queried ? queried->angles : context.angles);
  observe(context, "q", index, heads_first(q));
  observe(context, "k", index, heads_first(k));
  observe(context, "v", index, heads_first(v));
  return context.attention.attend(index, q, k, v);
}

at::Tensor finish(std::int64_t index, const at::Tensor& before, const at::Tensor& mixed,
                  LayerContext& context) {
  const Decoder::Layer& layer = context.decoder.layer(index);
  const checkpoint::DecoderConfig& config = context.decoder.config();
  const at::Tensor z = edited(index, mixed, context);
  observe(context, "z", index, z);
  if (context.on_z) context.on_z(index, z);
  const at::Tensor joined = z.reshape({z.size(0), z.size(1), -1});
  if (context.observer) {  // products add to the residual: what is added is computed apart to be seen
    observe(context, "attention", index,
            context.kernels.product(joined, layer.o_proj, context.products, {Slot::Name::own}));
  }
  const at::Tensor x = add_product(before, joined, layer.o_proj, context);
  observe(context, "resid_mid", index, x);

  const at::Tensor h =
      context.kernels.norm(x, layer.post_attention_layernorm, config.rms_norm_eps, {Slot::Name::normed});
  observe(context, "h", index, h);
  const at::Tensor gate = context.kernels.product(h, layer.gate_proj, context.products, {Slot::Name::gate});
  const at::Tensor up = context.kernels.product(h, layer.up_proj, context.products, {Slot::Name::up});
  const at::Tensor a = apply_gains(context.kernels.gate(gate, up, context.products), context.edits, index,
                                   context.decoder.shard().ffn(config), context.fired);
  observe(context, "a", index, a);
  if (context.on_a) context.on_a(index, a);
  if (!context.to_the_end && index + 1 == config.layers) return x;
  const at::Tensor after = add_product(x, a, layer.down_proj, context);
  observe(context, "resid_post", index, after);
  return after;
}

at::Tensor final_norm(const at::Tensor& x, const LayerContext& context) {
  const checkpoint::DecoderConfig& config = context.decoder.config();
  const at::Tensor hidden =
      context.kernels.norm(x, context.decoder.norm(), config.rms_norm_eps, {Slot::Name::own});
  observe(context, "norm", -1, hidden);
  return hidden;
}

void require_all_fired(const LayerContext& context) {
  const std::int64_t expected = expected_firings(context.edits, held_heads(context));
  HONES_ASSERT(context.fired == expected, "interventions fired " + std::to_string(context.fired) +
                                              " times, expected " + std::to_string(expected));
}

}  // namespace hones::model
