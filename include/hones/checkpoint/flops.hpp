// FLOPs of the decoder's matrix products, a multiplication and an addition counted as two. Attention counts
// by the pairs of positions that see each other; norms, rotations, softmax and gates do not count.
#pragma once

#include <cstdint>

#include <hones/checkpoint/decoder_config.hpp>

namespace hones::checkpoint {

struct DecoderFlops {
  explicit DecoderFlops(const DecoderConfig& config);

  // One position through one layer: queries; keys and values; o_proj; the three products of the FFN.
  double q = 0, kv = 0, o = 0, ffn = 0;
  double pair = 0;  // one position and one that it sees, in one layer, all heads
  double head = 0;  // logits of one position
  std::int64_t layers = 0;

  double position() const { return q + kv + o + ffn; }
  // Positions [begin, end) of a causal sequence through all layers, without logits.
  double through(std::int64_t begin, std::int64_t end) const;
  // A prompt from the start to an answer of so many ids: prefill, then one position for each id but the last,
  // logits where an id is read.
  double generation(std::int64_t prompt, std::int64_t answer) const;
};

}  // namespace hones::checkpoint
