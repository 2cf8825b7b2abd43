#include <algorithm>
#include <numeric>
#include <vector>

#include <hones/checkpoint/flops.hpp>
#include <hones/model/tree_cost.hpp>

namespace hones::model {

TreeShape shape_of(const Sequence& sequence, std::span<const std::int64_t> read) {
  TreeShape shape;
  shape.positions = sequence.length();
  shape.trunk = sequence.segments.front().length;
  shape.read = static_cast<std::int64_t>(read.size());
  std::vector<double> seen;  // by a position: what its branch hangs on, those before it, itself
  for (const Segment& segment : sequence.segments) {
    const bool branch = segment.parent >= 0;
    if (branch) shape.longest = std::max(shape.longest, segment.length);
    for (std::int64_t i = 0; i < segment.length; ++i)
      seen.push_back(static_cast<double>((branch ? shape.trunk : 0) + i + 1));
  }
  shape.branches = static_cast<std::int64_t>(sequence.segments.size()) - 1;
  shape.pairs = std::accumulate(seen.begin(), seen.end(), 0.0);
  for (const std::int64_t t : read) shape.pairs_read += seen[static_cast<std::size_t>(t)];
  return shape;
}

TreeShape shape_of(const PromptTree& tree) {
  std::vector<std::int64_t> read;
  for (const PromptTree::Prompt& prompt : tree.prompts)
    read.insert(read.end(), prompt.read.begin(), prompt.read.end());
  return shape_of(tree.sequence, read);
}

RowFlops row_flops(const checkpoint::DecoderConfig& config, const TreeShape& shape, std::int64_t layer,
                   bool at_o_proj) {
  const checkpoint::DecoderFlops cost(config);
  const auto T = static_cast<double>(shape.positions), S = static_cast<double>(shape.read);
  RowFlops flops;
  for (std::int64_t l = layer; l < config.layers; ++l) {
    const bool last = l + 1 == config.layers;
    if (l > layer || !at_o_proj) {
      flops.weights += cost.kv * T + cost.q * (last ? S : T);
      flops.attention += cost.pair * (last ? shape.pairs_read : shape.pairs);
    }
    flops.weights += (cost.o + cost.ffn) * (last ? S : T);
  }
  return flops;
}

std::int64_t state_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape,
                         std::int64_t element) {
  const std::int64_t residual_and_z = config.hidden_size + config.heads * config.head_dim;
  const std::int64_t keys_and_values = 2 * config.kv_heads * config.head_dim;
  return element * (((config.layers - 1) * shape.positions + shape.read) * residual_and_z +
                    config.layers * shape.positions * keys_and_values);
}

std::int64_t workspace_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape,
                             std::int64_t rows, std::int64_t element) {
  const std::int64_t width = config.hidden_size + 2 * config.heads * config.head_dim +
                             2 * config.intermediate_size +
                             2 * config.layers * config.kv_heads * config.head_dim;
  const std::int64_t angles = 2 * config.head_dim;
  return element * rows * shape.positions * (width + angles);
}

std::int64_t tile_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape, std::int64_t rows,
                        std::int64_t element) {
  const std::int64_t T = shape.positions, behind = T - shape.trunk;
  const std::int64_t z = config.heads * config.head_dim;
  // The edited layer: rows one by one, then together; sums over heads in float32.
  const std::int64_t edited =
      element * 2 * T * z + 2 * static_cast<std::int64_t>(sizeof(float)) * T * config.head_dim;
  const std::int64_t repeated = config.kv_heads == config.heads ? 0 : 2 * T * z;
  const std::int64_t attention = element * (repeated + std::max(T * z, behind * z + 4 * shape.slots() * z));
  return rows * (element * T * config.hidden_size + std::max(edited, attention));
}

}  // namespace hones::model
