#include <cmath>

#include "attention.hpp"

namespace hones::model {

namespace {

class Causal final : public Attention {
 public:
  Causal(Kernels& kernels, const Sequence& sequence, const KeyValues* past, const Observer* observer,
         KeyValues* seen)
      : kernels_(kernels), past_(past), observer_(observer), seen_(seen) {
    mask_ = attention_mask(sequence, past ? past->length() : 0);
    if (sequence.length() == 1) mask_ = at::Tensor();  // one query sees everything: no mask is the same
  }

  at::Tensor attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& own_keys,
                    const at::Tensor& own_values) override {
    at::Tensor k = own_keys, v = own_values;
    if (past_) {
      const auto behind = [&](const at::Tensor& before, const at::Tensor& own) {
        return at::cat({before.expand({own.size(0), -1, -1, -1}), own}, 1);
      };
      k = behind(past_->keys_of(layer), k);
      v = behind(past_->values_of(layer), v);
    }
    if (seen_) seen_->push_back(k, v);
    const std::int64_t times = q.size(2) / k.size(2);
    k = repeated(k, times);
    v = repeated(v, times);
    const bool causal = !mask_.defined() && q.size(1) > 1;
    return observer_ ? step_by_step(layer, q, k, v, causal) : kernels_.attend(q, k, v, mask_, causal);
  }

 private:
  at::Tensor step_by_step(std::int64_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          bool causal) const {
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
    at::Tensor scores = at::matmul(heads_first(q), heads_first(k).transpose(2, 3)) * scale;
    const at::Tensor allowed =
        mask_.defined() ? mask_ : at::ones({q.size(1), k.size(1)}, q.options().dtype(at::kBool)).tril();
    if (mask_.defined() || causal) scores = scores.masked_fill(allowed.logical_not(), -INFINITY);
    const at::Tensor probabilities = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
    (*observer_)("probs", layer, probabilities);
    return heads_first(at::matmul(probabilities, heads_first(v)));
  }

  Kernels& kernels_;
  const KeyValues* past_;
  const Observer* observer_;
  KeyValues* seen_;
  at::Tensor mask_;  // bool [T, past + T]; undefined: causal, or everything for one query
};

}  // namespace

std::unique_ptr<Attention> causal_attention(Kernels& kernels, const Sequence& sequence, const KeyValues* past,
                                            const Observer* observer, KeyValues* seen) {
  return std::make_unique<Causal>(kernels, sequence, past, observer, seen);
}

}  // namespace hones::model
