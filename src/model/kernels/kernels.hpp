// What a layer is computed with: its products and the steps between them, behind one interface. Two of them:
// the reference, out of place and differentiable, on any device; and the CPU's, in place, in buffers that are
// used again. A layer is written once, for both (decoder/layer.hpp).
//
// Tensors are [R, n, width] or [R, n, heads, Dh]: R rows of n positions.
#pragma once

#include <cstdint>
#include <memory>

#include <hones/model/decoder.hpp>

#include "../decoder/rotary.hpp"

namespace hones::model {

// How a product takes its rows. The kernel behind a matrix product is chosen by its shape, and with it the
// last bits: `by_row` makes a product for each row, so that a row's bits are its own whatever else is in the
// tile; `joint` takes the positions of all rows in one, where bits may depend on how many there are.
enum class Products { joint, by_row };

// Where a result is put. The CPU's kernels have a buffer for each; what it held is overwritten. Keys and
// values have one for each layer, because rows that decode on read them all. `own`: a tensor of its own.
struct Slot {
  enum class Name { own, normed, queries, keys, values, mixed, gate, up };
  Name name = Name::own;
  std::int64_t layer = 0;  // of keys and values
};

// Attention over a set of keys, and the log of its weights' sum, so that sets can be merged.
struct Attended {
  at::Tensor values;   // [R, H, n, Dh]
  at::Tensor log_sum;  // float32 [R, H, n]
};

class Kernels {
 public:
  virtual ~Kernels() = default;

  // A tensor [R, n, width] to be written by the caller.
  virtual at::Tensor room(Slot slot, std::int64_t rows, std::int64_t n, const at::Tensor& like,
                          std::int64_t width) = 0;
  // weight * x / rms(x), statistics in float32.
  virtual at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, double eps, Slot slot) = 0;
  // x W^T + b.
  virtual at::Tensor product(const at::Tensor& x, const Linear& linear, Products how, Slot slot) = 0;
  // residual + x W^T + b. May write into `residual`; the caller goes on with what is returned.
  virtual at::Tensor add_product(const at::Tensor& residual, const at::Tensor& x, const Linear& linear,
                                 Products how) = 0;
  // x [R, n, heads, Dh] turned by its positions' angles. May write into x.
  virtual at::Tensor rotate(const at::Tensor& x, const Angles& angles) = 0;
  // silu(gate) * up. May write into `gate`.
  virtual at::Tensor gate(const at::Tensor& gate, const at::Tensor& up, Products how) = 0;
  // q [R, n, H, Dh] over k and v [R, m, H, Dh]: [R, n, H, Dh]. `mask` says what a query sees: bool, or added
  // to the scores; undefined: everything, or with `causal` what is not behind it (n = m).
  virtual at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const at::Tensor& mask, bool causal) = 0;
  // The same over one of several sets of keys.
  virtual Attended attend_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                               bool causal) = 0;
  // Attention over the union of two sets: [R, n, H, Dh].
  virtual at::Tensor merge(const Attended& one, const Attended& other) = 0;
};

std::unique_ptr<Kernels> reference_kernels();
std::unique_ptr<Kernels> cpu_kernels();

// [R, n, heads, Dh] -> [R, heads, n, Dh], and back.
inline at::Tensor heads_first(const at::Tensor& x) {
  return x.transpose(1, 2);
}
// Query head h reads key/value head h div (H / KV): [..., KV, Dh] -> [..., KV * times, Dh].
at::Tensor repeated(const at::Tensor& x, std::int64_t times);
// Pairs are (j, j + Dh/2): the halves of the head, not neighbours (docs/models.md 2.3, "rotate half").
at::Tensor half_turned(const at::Tensor& x);

}  // namespace hones::model
