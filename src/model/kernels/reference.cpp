// ATen alone, out of place, in the reference's own order of roundings: the judge of the fast kernels, and
// what can be differentiated.
#include <optional>

#include "kernels.hpp"

namespace hones::model {

at::Tensor repeated(const at::Tensor& x, std::int64_t times) {
  return times == 1 ? x : x.repeat_interleave(times, -2);
}

at::Tensor half_turned(const at::Tensor& x) {
  const std::int64_t half = x.size(-1) / 2;
  return at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
}

namespace {

class Reference final : public Kernels {
 public:
  at::Tensor room(Slot /*slot*/, std::int64_t rows, std::int64_t n, const at::Tensor& like,
                  std::int64_t width) override {
    return at::empty({rows, n, width}, like.options());
  }

  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps, Slot /*slot*/) override {
    const at::Tensor xf = x.to(at::kFloat);
    const at::Tensor variance = xf.pow(2).mean(-1, /*keepdim=*/true);
    return weight * (xf * at::rsqrt(variance + eps)).to(x.scalar_type());
  }

  at::Tensor product(const at::Tensor& x, const Linear& linear, Products how, Slot /*slot*/) override {
    const auto bias = linear.bias.defined() ? std::optional(linear.bias) : std::nullopt;
    if (how == Products::joint) return at::linear(x, linear.weight, bias);
    std::vector<at::Tensor> rows;
    for (const at::Tensor& row : x.unbind(0)) rows.push_back(at::linear(row, linear.weight, bias));
    return at::stack(rows);
  }

  at::Tensor add_product(const at::Tensor& residual, const at::Tensor& x, const Linear& linear,
                         Products how) override {
    return residual + product(x, linear, how, {});
  }

  at::Tensor rotate(const at::Tensor& x, const Angles& angles) override {
    return x * angles.cos.unsqueeze(-2) + half_turned(x) * angles.sin.unsqueeze(-2);
  }

  at::Tensor gate(const at::Tensor& gate, const at::Tensor& up, Products /*how*/) override {
    return at::silu(gate) * up;
  }

  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask,
                    bool causal) override {
    return heads_first(at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v),
                                                        mask.defined() ? std::optional(mask) : std::nullopt,
                                                        0.0, causal));
  }

  Attended attend_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal) override {
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
    at::Tensor scores = (at::matmul(heads_first(q), heads_first(k).transpose(2, 3)) * scale).to(at::kFloat);
    if (causal) {
      const at::Tensor seen = at::ones({q.size(1), k.size(1)}, q.options().dtype(at::kBool)).tril();
      scores = scores.masked_fill(seen.logical_not(), -INFINITY);
    }
    const at::Tensor weights = at::softmax(scores, -1).to(q.scalar_type());
    return {at::matmul(weights, heads_first(v)), scores.logsumexp(-1)};
  }

  // softmax over both sets: each set's share of the total weight.
  at::Tensor merge(const Attended& one, const Attended& other) override {
    const at::Tensor share = at::sigmoid(one.log_sum - other.log_sum).unsqueeze(-1);
    const at::Tensor left = one.values.to(at::kFloat), right = other.values.to(at::kFloat);
    return heads_first(at::lerp(right, left, share).to(one.values.scalar_type()));
  }
};

}  // namespace

std::unique_ptr<Kernels> reference_kernels() {
  return std::make_unique<Reference>();
}

}  // namespace hones::model
