#include <algorithm>
#include <cmath>

#include "attention.hpp"

namespace hones::model {

namespace {

class Cached final : public Attention {
 public:
  Cached(Kernels& kernels, KeyValues& cache, const std::vector<std::int64_t>& indices)
      : kernels_(kernels), cache_(cache) {
    const at::Tensor& like = cache.keys.front();
    const auto R = static_cast<std::int64_t>(indices.size());
    longest_ = *std::max_element(indices.begin(), indices.end()) + 1;
    index_ = index_tensor(indices, like.device());
    row_ = at::arange(R, index_.options());
    const at::Tensor beyond = at::arange(longest_, index_.options()).unsqueeze(0) > index_.unsqueeze(1);
    mask_ = at::zeros({R, 1, 1, longest_}, like.options())
                .masked_fill_(beyond.view({R, 1, 1, longest_}), -INFINITY);
  }

  at::Tensor attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
    at::Tensor keys = cache_.keys_of(layer), values = cache_.values_of(layer);
    keys.index_put_({row_, index_}, k.squeeze(1));
    values.index_put_({row_, index_}, v.squeeze(1));
    const auto seen = [&](const at::Tensor& cached) {  // [R, longest, H, Dh]
      return repeated(cached.narrow(1, 0, longest_), q.size(2) / k.size(2));
    };
    return kernels_.attend(q, seen(keys), seen(values), mask_, false);
  }

 private:
  Kernels& kernels_;
  KeyValues& cache_;
  std::int64_t longest_ = 0;
  at::Tensor row_, index_;  // int64 [R]
  at::Tensor mask_;         // [R, 1, 1, longest]
};

}  // namespace

std::unique_ptr<Attention> cached_attention(Kernels& kernels, KeyValues& cache,
                                            const std::vector<std::int64_t>& indices) {
  return std::make_unique<Cached>(kernels, cache, indices);
}

}  // namespace hones::model
