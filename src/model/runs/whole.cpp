#include <hones/base/error.hpp>
#include <hones/model/runs/whole.hpp>

#include "../decoder/layer.hpp"

namespace hones::model {

namespace {

at::Tensor index_of(const std::vector<std::int64_t>& positions, const at::Tensor& like) {
  return positions.empty() ? at::Tensor() : index_tensor(positions, like.device());
}

// Lets the context fill `output` with what the input's readouts ask for.
void read_out(LayerContext& context, const ForwardInput& input, ForwardOutput& output) {
  const at::Tensor a_index = index_of(input.readouts.a_at, input.residual);
  const at::Tensor z_index = index_of(input.readouts.z_at, input.residual);
  if (a_index.defined())
    context.on_a = [a_index, &output](std::int64_t, const at::Tensor& a) {
      output.a.push_back(a.index_select(1, a_index));
    };
  if (input.readouts.z_all) {
    context.on_z = [&output](std::int64_t, const at::Tensor& z) { output.z.push_back(z); };
  } else if (z_index.defined()) {
    context.on_z = [z_index, &output](std::int64_t, const at::Tensor& z) {
      output.z.push_back(z.index_select(1, z_index));
    };
  }
}

}  // namespace

ForwardOutput forward(const Decoder& decoder, const ForwardInput& input) {
  const auto R = static_cast<std::int64_t>(input.rows.size());
  const std::int64_t T = input.sequence.length();
  HONES_ASSERT(R >= 1, "a pass needs at least one row");
  HONES_ASSERT(input.residual.size(1) == T, "residual and sequence differ in length");

  ForwardOutput output;
  output.keys_values.first = input.first_layer;
  const std::unique_ptr<Kernels> kernels = reference_kernels();
  const std::unique_ptr<Attention> attention =
      causal_attention(*kernels, input.sequence, input.past, input.observer,
                       input.readouts.keys_values ? &output.keys_values : nullptr);
  LayerContext context{decoder,
                       *kernels,
                       Products::joint,
                       *attention,
                       decoder.rotary().angles(input.sequence.positions, decoder.dtype()),
                       input.rows,
                       {},
                       {},
                       input.observer};
  if (input.observer) {
    (*input.observer)("cos", -1, context.angles.cos);
    (*input.observer)("sin", -1, context.angles.sin);
  }
  read_out(context, input, output);
  at::Tensor x = input.residual.expand({R, T, -1});
  const std::int64_t layers = decoder.config().layers;
  for (std::int64_t l = input.first_layer; l < layers; ++l) x = finish(l, x, mix(l, x, context), context);
  require_all_fired(context);
  output.layer_positions = R * T * (layers - input.first_layer);
  if (!input.readouts.hidden_at.empty())
    output.hidden = final_norm(x.index_select(1, index_of(input.readouts.hidden_at, x)), context);
  return output;
}

}  // namespace hones::model
