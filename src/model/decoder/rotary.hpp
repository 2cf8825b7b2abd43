// Rotary positions (docs/models.md 2.3): one axis, or sections of channels that axes of their own turn
// (mRoPE).
#pragma once

#include <cstdint>
#include <vector>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/model/torch.hpp>

namespace hones::model {

// Of n positions: cos and sin [n, Dh] for all rows alike, or [R, n, Dh]; in the model's dtype.
struct Angles {
  at::Tensor cos, sin;

  Angles at(const at::Tensor& index) const {  // of [n, Dh]
    return {cos.index_select(0, index), sin.index_select(0, index)};
  }
};

class Rotary {
 public:
  explicit Rotary(const checkpoint::DecoderConfig& config);

  // positions int64 [axes, n] -> [n, Dh].
  Angles angles(const at::Tensor& positions, at::ScalarType dtype) const;

 private:
  std::vector<std::int64_t> sections_;  // pairs turned by each axis
  at::Tensor inverse_frequencies_;      // float32 [Dh / 2], stays float32 in any model dtype
};

}  // namespace hones::model
