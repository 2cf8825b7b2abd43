// Steps between the matrix products of the fast pass, written to be read once and written once. CPU, out of
// autograd's sight: the plain forward is what can be differentiated.
#pragma once

#include <hones/model/torch.hpp>

namespace hones::model {

// out [n, D] = weight * x / rms(x), statistics in float32. out may not be x.
void rms_norm_into(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, double eps);

// x [n, heads, Dh] rotated in place by cos and sin [n, Dh] (pairs (j, j + Dh/2)).
void rotate_in_place(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

// gate [R, n, F] becomes silu(gate) * up.
void gate_in_place(const at::Tensor& gate, const at::Tensor& up);

// Query head h reads key/value head h div (H / KV): [..., KV, Dh] -> [..., KV * times, Dh].
at::Tensor repeated(const at::Tensor& x, std::int64_t times);

// Attention of q [R, H, n, Dh] over keys and values [R, H, m, Dh]: the weighted values, and the log of the
// weights' sum in float32.
struct Attended {
  at::Tensor values;   // [R, H, n, Dh]
  at::Tensor log_sum;  // [R, H, n]
};
Attended attend(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values, bool causal);

// Attention over the union of two sets of keys from attention over each.
at::Tensor merge(const Attended& one, const Attended& other);

}  // namespace hones::model
