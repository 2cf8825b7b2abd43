// The CPU's kernels: steps between the products are read once and written once, in buffers that the next
// layer overwrites. Out of autograd's sight.
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include <hones/base/error.hpp>

#include "kernels.hpp"

namespace hones::model {

namespace {

// Compiled for several instruction sets; sums keep sixteen lanes in all of them, so that their order is one.
#define HONES_KERNEL __attribute__((target_clones("avx512f", "avx2", "default")))

constexpr std::int64_t kLanes = 16;

HONES_KERNEL void rms_norm_rows(float* out, const float* x, const float* weight, std::int64_t rows,
                                std::int64_t width, float eps) {
  for (std::int64_t r = 0; r < rows; ++r, out += width, x += width) {
    float lanes[kLanes] = {};
    std::int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      for (std::int64_t j = 0; j < kLanes; ++j) lanes[j] += x[i + j] * x[i + j];
    }
    for (std::int64_t j = 0; i + j < width; ++j) lanes[j] += x[i + j] * x[i + j];
    float sum = 0;
    for (const float lane : lanes) sum += lane;
    const float scale = 1 / std::sqrt(sum / static_cast<float>(width) + eps);
    for (std::int64_t k = 0; k < width; ++k) out[k] = weight[k] * (x[k] * scale);
  }
}

HONES_KERNEL void rotate_rows(float* x, const float* cos, const float* sin, std::int64_t rows,
                              std::int64_t heads, std::int64_t width) {
  const std::int64_t half = width / 2;
  for (std::int64_t r = 0; r < rows; ++r, cos += width, sin += width) {
    for (std::int64_t h = 0; h < heads; ++h, x += width) {
      for (std::int64_t j = 0; j < half; ++j) {
        const float a = x[j], b = x[j + half];
        x[j] = a * cos[j] - b * sin[j];
        x[j + half] = b * cos[j + half] + a * sin[j + half];
      }
    }
  }
}

bool plain_floats(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat && x.is_contiguous() && x.device().is_cpu();
}

at::Tensor joined(const at::Tensor& x) {  // [R, n, width] -> [R * n, width]
  return x.reshape({x.size(0) * x.size(1), x.size(2)});
}

void rms_norm_into(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (plain_floats(x) && plain_floats(out)) {
    rms_norm_rows(out.data_ptr<float>(), x.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                  x.numel() / x.size(-1), x.size(-1), static_cast<float>(eps));
    return;
  }
  const at::Tensor xf = x.to(at::kFloat);
  const at::Tensor variance = xf.pow(2).mean(-1, /*keepdim=*/true);
  out.copy_(weight * (xf * at::rsqrt(variance + eps)).to(x.scalar_type()));
}

void product_into(const at::Tensor& out, const at::Tensor& x, const Linear& linear) {
  at::Tensor into = out;
  if (linear.bias.defined()) {
    at::addmm_out(into, linear.bias, x, linear.weight.t());
  } else {
    at::mm_out(into, x, linear.weight.t());
  }
}

void add_product_to(at::Tensor to, const at::Tensor& x, const Linear& linear) {
  to.addmm_(x, linear.weight.t());
  if (linear.bias.defined()) to.add_(linear.bias);
}

// LibTorch computes the end of a tensor that fills no vector with other functions than the rest.
void gate_in_place(at::Tensor gate, const at::Tensor& up) {
  at::silu_(gate).mul_(up);
}

class Cpu final : public Kernels {
 public:
  at::Tensor room(Slot slot, std::int64_t rows, std::int64_t n, const at::Tensor& like,
                  std::int64_t width) override {
    if (slot.name == Slot::Name::own) return at::empty({rows, n, width}, like.options());
    // Pages of fresh memory cost more than the sums: a buffer stays, and grows with the largest tile.
    at::Tensor& buffer = buffers_[{slot.name, slot.layer}];
    if (!buffer.defined() || buffer.size(0) < rows * n || buffer.size(1) != width ||
        buffer.scalar_type() != like.scalar_type())
      buffer = at::empty({rows * n, width}, like.options());
    return buffer.narrow(0, 0, rows * n).view({rows, n, width});
  }

  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps, Slot slot) override {
    const at::Tensor out = room(slot, x.size(0), x.size(1), x, x.size(2));
    rms_norm_into(out, x, weight, eps);
    return out;
  }

  at::Tensor product(const at::Tensor& x, const Linear& linear, Products how, Slot slot) override {
    const at::Tensor out = room(slot, x.size(0), x.size(1), x, linear.weight.size(0));
    if (how == Products::joint) {
      product_into(joined(out), joined(x), linear);
    } else {
      for (std::int64_t r = 0; r < x.size(0); ++r) product_into(out.select(0, r), x.select(0, r), linear);
    }
    return out;
  }

  at::Tensor add_product(const at::Tensor& residual, const at::Tensor& x, const Linear& linear,
                         Products how) override {
    if (how == Products::joint) {
      add_product_to(residual.view({-1, residual.size(2)}), joined(x), linear);
    } else {
      for (std::int64_t r = 0; r < x.size(0); ++r)
        add_product_to(residual.select(0, r), x.select(0, r), linear);
    }
    return residual;
  }

  at::Tensor rotate(const at::Tensor& x, const Angles& angles) override {
    if (!plain_floats(x) || !plain_floats(angles.cos) || !plain_floats(angles.sin)) {
      x.copy_(x * angles.cos.unsqueeze(-2) + half_turned(x) * angles.sin.unsqueeze(-2));
      return x;
    }
    const bool own = angles.cos.dim() == 3;  // angles of each row
    for (std::int64_t r = 0; r < x.size(0); ++r) {
      const at::Tensor row = x.select(0, r);
      const at::Tensor cos = own ? angles.cos.select(0, r) : angles.cos;
      const at::Tensor sin = own ? angles.sin.select(0, r) : angles.sin;
      rotate_rows(row.data_ptr<float>(), cos.const_data_ptr<float>(), sin.const_data_ptr<float>(),
                  row.size(0), row.size(1), row.size(2));
    }
    return x;
  }

  at::Tensor gate(const at::Tensor& gate, const at::Tensor& up, Products how) override {
    if (how == Products::joint) {
      gate_in_place(gate, up);
    } else {  // what lies behind a row would matter to its last bits
      for (std::int64_t r = 0; r < gate.size(0); ++r) gate_in_place(gate.select(0, r), up.select(0, r));
    }
    return gate;
  }

  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask,
                    bool causal) override {
    return heads_first(at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v),
                                                        mask.defined() ? std::optional(mask) : std::nullopt,
                                                        0.0, causal));
  }

  Attended attend_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal) override {
    auto [values, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(heads_first(q), heads_first(k),
                                                                             heads_first(v), 0.0, causal);
    return {std::move(values), std::move(log_sum)};
  }

  at::Tensor merge(const Attended& one, const Attended& other) override {
    std::vector<at::Tensor> rows;
    for (std::int64_t r = 0; r < one.values.size(0); ++r) {  // row by row, as gate()
      // softmax over both sets: each set's share of the total weight.
      const at::Tensor share = at::sigmoid(one.log_sum[r] - other.log_sum[r]).unsqueeze(-1);
      const at::Tensor left = one.values[r].to(at::kFloat), right = other.values[r].to(at::kFloat);
      rows.push_back(at::lerp(right, left, share).to(one.values.scalar_type()));
    }
    return heads_first(at::stack(rows));
  }

 private:
  std::map<std::pair<Slot::Name, std::int64_t>, at::Tensor> buffers_;  // [positions, width]
};

}  // namespace

std::unique_ptr<Kernels> cpu_kernels() {
  return std::make_unique<Cpu>();
}

}  // namespace hones::model
