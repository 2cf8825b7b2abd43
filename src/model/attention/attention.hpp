// How a run's positions see each other: what differs between a whole pass, a packed tree, a step with cached
// keys and a check behind a prompt. Everything else of a layer is the same for all (decoder/layer.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <hones/model/keys_values.hpp>
#include <hones/model/observer.hpp>
#include <hones/model/sequence.hpp>

#include "../kernels/kernels.hpp"

namespace hones::model {

// Positions of a run that a layer is asked for; the others give keys and values only.
struct Queried {
  at::Tensor index;  // int64 [S], ascending
  Angles angles;     // of these positions: [S, Dh]
};

class Attention {
 public:
  virtual ~Attention() = default;

  // Null: all positions of the run.
  virtual const Queried* queried(std::int64_t /*layer*/) const { return nullptr; }
  // q [R, n, H, Dh] of the positions queried, k and v [R, T, KV, Dh] of all, turned: z [R, n, H, Dh].
  virtual at::Tensor attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v) = 0;
};

// A sequence behind `past` (may be null), which every segment sees. With `observer` it goes step by step, so
// that there are probabilities to show. Keeps in `seen` (may be null) keys and values of past and sequence.
std::unique_ptr<Attention> causal_attention(Kernels& kernels, const Sequence& sequence, const KeyValues* past,
                                            const Observer* observer, KeyValues* seen);

// A trunk with branches, or one segment; the last layer is queried at `read` (ascending) alone. Nothing of
// the size [heads, T, T] is ever held.
class TreeAttention final : public Attention {
 public:
  TreeAttention(Kernels& kernels, const Decoder& decoder, const Sequence& sequence,
                const std::vector<std::int64_t>& read, const Angles& angles);
  const Queried* queried(std::int64_t layer) const override { return layer == last_ ? &read_ : nullptr; }
  at::Tensor attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;

 private:
  Attended of_branches(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;

  Kernels& kernels_;
  std::int64_t last_;            // layer
  std::int64_t length_, trunk_;  // positions
  std::int64_t branches_ = 0, longest_ = 0;
  Queried read_;
  at::Tensor mask_read_;  // [S, T], 0 or -inf: what the positions read may see
  // Branches padded to the longest: int64 [branches * longest], the packed position of each slot, short ones
  // repeat their last; and [T - trunk], the slot of each position behind the trunk.
  at::Tensor slots_, slot_of_;
};

// One position of each row, written into the row's cache [R, longest, KV, Dh] at its own index and seeing all
// before it.
std::unique_ptr<Attention> cached_attention(Kernels& kernels, KeyValues& cache,
                                            const std::vector<std::int64_t>& indices);

// The positions of one row behind its prompt, whose keys are the first `prompt` of row `row` of the cache.
std::unique_ptr<Attention> check_attention(Kernels& kernels, const KeyValues& cache, std::int64_t row,
                                           std::int64_t prompt);

}  // namespace hones::model
