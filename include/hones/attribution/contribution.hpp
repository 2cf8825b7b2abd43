// Neuron contributions c_{l,i} = a * <W_down[:, i], u_y> at the last prompt token (docs/method.md section 4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <hones/attribution/target.hpp>
#include <hones/model/decoder.hpp>

namespace hones::attribution {

// <W_down[:, i], u_y> of every neuron, float32 [L, F], with u_y the unit vector along sum_v weight(v) * U[v].
// Made once per target; serves every intervention. Throws DataError when the weighted sum of unembedding rows
// is zero or not finite.
at::Tensor target_projection(const model::Decoder& decoder, const Target& target);

// Activations of one row at the last prompt position (per layer [R, 1, F]) times the projection: float32 [L,
// F]. Layers below `first_layer` are taken from `plain` [L, F] (the plain run's contributions; undefined when
// first_layer is 0). `a` ends with the last layer and may begin at any up to first_layer.
at::Tensor contributions(const std::vector<at::Tensor>& a, std::int64_t row, const at::Tensor& projection,
                         std::int64_t first_layer = 0, const at::Tensor& plain = {});

// They as a flat view, for the sums (attribution/neurons.hpp); valid as long as the tensor.
inline std::span<const float> values(const at::Tensor& contributions) {
  return {contributions.const_data_ptr<float>(), static_cast<std::size_t>(contributions.numel())};
}

}  // namespace hones::attribution
