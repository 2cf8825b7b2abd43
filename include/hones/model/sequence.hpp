// What a forward pass reads: ids or embeddings with their own positions, cut into segments.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/model/torch.hpp>

namespace hones::model {

// A run of positions [begin, begin + length) that sees itself causally and everything its ancestors hold.
// parent -1 is a trunk. One prompt is one segment; a prompt tree is a trunk with branches.
struct Segment {
  std::int64_t parent = -1;
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

struct Sequence {
  at::Tensor
      positions;  // int64 [axes, T]: 1 axis for rotary, 3 for mRoPE. Never derived from a cache's length.
  std::vector<Segment> segments;  // cover 0..T-1 in order

  std::int64_t length() const { return positions.size(1); }
};

// One segment with positions first, first + 1, ... on `axes` axes.
Sequence linear_sequence(std::int64_t length, std::int64_t first = 0, std::int64_t axes = 1);

// True where query position i (row) may attend to key position j (column): bool [T, past + T]. The first
// `past` keys are parts that every segment may see. Undefined tensor when the mask is plainly causal with
// past == 0 (fused attention knows it).
at::Tensor attention_mask(const Sequence& sequence, std::int64_t past);

}  // namespace hones::model
