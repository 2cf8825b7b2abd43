#include "kernels.hpp"

#include <cmath>
#include <vector>

#include <hones/base/error.hpp>

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

}  // namespace

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

void rotate_in_place(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  if (plain_floats(x) && plain_floats(cos) && plain_floats(sin)) {
    rotate_rows(x.data_ptr<float>(), cos.const_data_ptr<float>(), sin.const_data_ptr<float>(), x.size(0),
                x.size(1), x.size(2));
    return;
  }
  const std::int64_t half = x.size(-1) / 2;
  const at::Tensor turned = at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  x.copy_(x * cos.unsqueeze(1) + turned * sin.unsqueeze(1));
}

// Row by row: LibTorch computes the end of a tensor that fills no vector with other functions than the rest,
// so that what lies behind a row would matter to its last bits.
void gate_in_place(const at::Tensor& gate, const at::Tensor& up) {
  for (std::int64_t r = 0; r < gate.size(0); ++r) {
    at::Tensor row = gate.select(0, r);
    at::silu_(row).mul_(up.select(0, r));
  }
}

at::Tensor repeated(const at::Tensor& x, std::int64_t times) {
  return times == 1 ? x : x.repeat_interleave(times, -2);
}

Attended attend(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values, bool causal) {
  auto [attended, log_sum] = at::_scaled_dot_product_flash_attention_for_cpu(q, keys, values, 0.0, causal);
  return {std::move(attended), std::move(log_sum)};
}

at::Tensor merge(const Attended& one, const Attended& other) {
  std::vector<at::Tensor> rows;
  for (std::int64_t r = 0; r < one.values.size(0); ++r) {  // row by row, as above
    // softmax over both sets: each set's share of the total weight.
    const at::Tensor share = at::sigmoid(one.log_sum[r] - other.log_sum[r]).unsqueeze(-1);
    const at::Tensor left = one.values[r].to(at::kFloat), right = other.values[r].to(at::kFloat);
    rows.push_back(at::lerp(right, left, share).to(one.values.scalar_type()));
  }
  return at::stack(rows);
}

}  // namespace hones::model
