#include "rotary.hpp"

#include <numeric>

#include <hones/base/error.hpp>

namespace hones::model {

Rotary::Rotary(const checkpoint::DecoderConfig& config) : sections_(config.rope_sections) {
  if (sections_.empty()) sections_ = {config.head_dim / 2};
  HONES_ASSERT(std::accumulate(sections_.begin(), sections_.end(), std::int64_t{0}) == config.head_dim / 2,
               "rope sections that are not half a head");
  // With the reference's own operations: one ulp here times a position of thousands is a visible angle.
  const at::Tensor exponents =
      at::arange(0, config.head_dim, 2, at::kLong).to(at::kFloat) / static_cast<double>(config.head_dim);
  inverse_frequencies_ = at::pow(config.rope_theta, exponents).reciprocal();
}

Angles Rotary::angles(const at::Tensor& positions, at::ScalarType dtype) const {
  HONES_ASSERT(positions.size(0) == std::ssize(sections_),
               std::to_string(positions.size(0)) + " position axes for " + std::to_string(sections_.size()) +
                   " of the model");
  std::vector<at::Tensor> turned;  // [n, pairs] by axis
  std::int64_t begin = 0;
  for (std::size_t axis = 0; axis < sections_.size(); ++axis) {
    turned.push_back(positions.select(0, static_cast<std::int64_t>(axis)).to(at::kFloat).unsqueeze(1) *
                     inverse_frequencies_.narrow(0, begin, sections_[axis]).unsqueeze(0));
    begin += sections_[axis];
  }
  const at::Tensor half = turned.size() == 1 ? turned[0] : at::cat(turned, -1);
  const at::Tensor both = at::cat({half, half}, -1);
  return {both.cos().to(dtype), both.sin().to(dtype)};
}

}  // namespace hones::model
