#include <algorithm>

#include <hones/checkpoint/flops.hpp>
#include <hones/model/tree_cost.hpp>

namespace hones::model {

TreeShape shape_of(const PromptTree& tree) {
  TreeShape shape;
  shape.positions = tree.length();
  shape.trunk = tree.trunk;
  if (tree.prompts.size() == 1) shape.trunk = shape.positions;
  std::int64_t longest = 0;
  for (const Segment& segment : tree.sequence.segments) {
    if (segment.parent >= 0) longest = std::max(longest, segment.length);
  }
  if (longest > 0) shape.slots = longest * static_cast<std::int64_t>(tree.prompts.size());
  // A position sees those before it on its own path, and itself: as many as its position id says.
  const auto* positions = tree.sequence.positions.const_data_ptr<std::int64_t>();
  for (std::int64_t t = 0; t < shape.positions; ++t) shape.pairs += static_cast<double>(positions[t] + 1);
  for (const PromptTree::Prompt& prompt : tree.prompts) {
    shape.read += static_cast<std::int64_t>(prompt.read.size());
    for (const std::int64_t t : prompt.read) shape.pairs_read += static_cast<double>(positions[t] + 1);
  }
  return shape;
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
  const std::int64_t attention = element * (repeated + std::max(T * z, behind * z + 4 * shape.slots * z));
  return rows * (element * T * config.hidden_size + std::max(edited, attention));
}

}  // namespace hones::model
