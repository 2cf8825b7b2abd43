// What a forward pass reads: ids or embeddings with their own positions, cut into segments.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/model/torch.hpp>
#include <hones/text/prompt.hpp>

namespace hones::model {

// A run of positions [begin, begin + length) that sees itself causally and everything its ancestors hold.
// parent -1 is a trunk. One prompt is one segment; a prompt tree is a trunk with branches.
struct Segment {
  std::int64_t parent = -1;
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

struct Sequence {
  // int64 [axes, T]: 1 axis for rotary, 3 for mRoPE. The packer's, never derived from a cache's length.
  at::Tensor positions;
  std::vector<Segment> segments;  // cover 0..T-1 in order

  std::int64_t length() const { return positions.size(1); }
};

// A prompt with `answer` positions behind it, as one segment: every axis goes on from next_position.
Sequence sequence_of(const text::Prompt& prompt, std::int64_t answer = 0);
// Positions [first, first + length) of a sequence of one segment.
Sequence part_of(const Sequence& sequence, std::int64_t first, std::int64_t length);
// int64 [axes, count]: next, next + 1, ... on all axes, as ids behind a prompt have them.
at::Tensor answer_positions(std::int64_t axes, std::int64_t next, std::int64_t count);

// True where query position i (row) may attend to key position j (column): bool [T, past + T]. The first
// `past` keys are parts that every segment may see. Undefined tensor when the mask is plainly causal with
// past == 0 (fused attention knows it).
at::Tensor attention_mask(const Sequence& sequence, std::int64_t past);

}  // namespace hones::model
