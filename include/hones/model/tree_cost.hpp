// What passes over one packed sequence cost: FLOPs and bytes, from shapes alone. TreePass counts its FLOPs
// with these; `plan` forecasts with them.
#pragma once

#include <cstdint>
#include <span>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/model/prompt_tree.hpp>

namespace hones::model {

struct TreeShape {
  std::int64_t positions = 0;                                // T
  std::int64_t trunk = 0;                                    // of them; all of a single prompt's
  std::int64_t branches = 0, longest = 0;                    // and the length of the longest one
  std::int64_t read = 0;                                     // S: positions whose hidden states are read
  double pairs = 0;                                          // (position, position it sees), of all positions
  double pairs_read = 0;                                     // of the positions read
  std::int64_t slots() const { return branches * longest; }  // of branches padded to the longest
};

// A trunk and its branches (or one segment), with the positions `read` of them.
TreeShape shape_of(const Sequence& sequence, std::span<const std::int64_t> read);
// All positions in PromptTree::Prompt::read are read.
TreeShape shape_of(const PromptTree& tree);

// FLOPs of one row's matrix products, without logits.
struct RowFlops {
  double weights = 0;    // products with weights
  double attention = 0;  // scores and sums of values, by pairs
  double all() const { return weights + attention; }
};

// A row that begins at layer `layer`: with its whole attention, or at_o_proj from a kept state.
RowFlops row_flops(const checkpoint::DecoderConfig& config, const TreeShape& shape, std::int64_t layer,
                   bool at_o_proj);

// Bytes, `element` of them a value.
std::int64_t state_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape,
                         std::int64_t element);  // PlainState
// TreeWorkspace for `rows` rows, and the pass's angles.
std::int64_t workspace_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape,
                             std::int64_t rows, std::int64_t element);
// What a tile allocates beside its workspace, at its widest moment: residual, edited heads or the parts of an
// attention over branches.
std::int64_t tile_bytes(const checkpoint::DecoderConfig& config, const TreeShape& shape, std::int64_t rows,
                        std::int64_t element);

}  // namespace hones::model
