#include "attention.hpp"

namespace hones::model {

namespace {

class Check final : public Attention {
 public:
  Check(Kernels& kernels, const KeyValues& cache, std::int64_t row, std::int64_t prompt)
      : kernels_(kernels), cache_(cache), row_(row), prompt_(prompt) {}

  at::Tensor attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
    const std::int64_t times = q.size(2) / k.size(2);
    const auto of_prompt = [&](const at::Tensor& cached) {  // [1, prompt, H, Dh]
      return repeated(cached.narrow(0, row_, 1).narrow(1, 0, prompt_), times);
    };
    const Attended before =
        kernels_.attend_part(q, of_prompt(cache_.keys_of(layer)), of_prompt(cache_.values_of(layer)), false);
    return kernels_.merge(before, kernels_.attend_part(q, repeated(k, times), repeated(v, times), true));
  }

 private:
  Kernels& kernels_;
  const KeyValues& cache_;
  std::int64_t row_, prompt_;
};

}  // namespace

std::unique_ptr<Attention> check_attention(Kernels& kernels, const KeyValues& cache, std::int64_t row,
                                           std::int64_t prompt) {
  return std::make_unique<Check>(kernels, cache, row, prompt);
}

}  // namespace hones::model
