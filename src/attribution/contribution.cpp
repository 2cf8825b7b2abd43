#include <cmath>

#include <hones/attribution/contribution.hpp>
#include <hones/base/error.hpp>

namespace hones::attribution {

at::Tensor target_projection(const model::Decoder& decoder, const Target& target) {
  HONES_ASSERT(!target.ids.empty() && target.ids.size() == target.weights.size(), "target without tokens");
  const at::Tensor rows =
      decoder.unembedding().index_select(0, at::tensor(target.ids, at::kLong)).to(at::kDouble);
  at::Tensor direction = at::matmul(at::tensor(target.weights, at::kDouble), rows);  // [D]
  const double norm = direction.norm().item<double>();
  if (!(norm > 0) || !std::isfinite(norm)) {
    throw DataError("the target's unembedding rows add up to a vector of length " + std::to_string(norm) +
                    "; expected a finite direction");
  }
  direction = (direction / norm).to(at::kFloat);
  std::vector<at::Tensor> layers;
  for (std::int64_t layer = 0; layer < decoder.config().layers; ++layer) {
    layers.push_back(at::matmul(direction, decoder.down_proj(layer).to(at::kFloat)));  // [D] x [D, F]
  }
  return at::stack(layers);
}

at::Tensor contributions(const std::vector<at::Tensor>& a, std::int64_t row, const at::Tensor& projection,
                         std::int64_t first_layer, const at::Tensor& plain) {
  const std::int64_t L = projection.size(0), begin = L - static_cast<std::int64_t>(a.size());
  HONES_ASSERT(begin >= 0 && begin <= first_layer, "activations of other layers");
  std::vector<at::Tensor> layers;
  for (std::int64_t layer = 0; layer < L; ++layer) {
    if (layer < first_layer) {
      layers.push_back(plain.select(0, layer));
      continue;
    }
    const at::Tensor& activations = a[static_cast<std::size_t>(layer - begin)];
    layers.push_back(activations.select(0, row).select(0, 0).to(at::kFloat) * projection.select(0, layer));
  }
  return at::stack(layers).contiguous();
}

}  // namespace hones::attribution
