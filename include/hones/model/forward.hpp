// A forward pass as a function: what goes in, what comes out.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <hones/model/edits.hpp>
#include <hones/model/keys_values.hpp>
#include <hones/model/sequence.hpp>

namespace hones::model {

// Sees every intermediate tensor of docs/models.md section 9: "cos", "sin"; per layer "resid_pre", "q", "k",
// "v", "probs", "z", "attention" (output of o_proj), "resid_mid", "h" (FFN input), "a", "resid_post"; "norm";
// of the tower "vision.patch_embedding", "vision.pre_norm", "vision.layers", "vision.selected",
// "vision.projected". Layer -1 where there is none. Attention is computed step by step then, because a fused
// kernel has no probabilities to show.
using Observer = std::function<void(std::string_view name, std::int64_t layer, const at::Tensor& value)>;

// Where the pass begins. Layer 0 with the embeddings today; resume begins at a later layer with what a plain
// run kept.
struct Start {
  std::int64_t layer = 0;
  at::Tensor residual;  // [B, T, D], B = 1 (shared by all rows) or rows
};

struct Readouts {
  std::vector<std::int64_t> hidden_at;  // positions whose final-norm output is returned
  std::vector<std::int64_t> a_at;       // positions whose FFN activations of all layers are returned
  std::vector<std::int64_t> z_at;  // positions whose o_proj inputs (after edits) of all layers are returned
  bool z_all = false;              // z of every position and layer
  bool keys_values = false;        // the new key/value parts
};

struct ForwardInput {
  Sequence sequence;
  Start start;
  const KeyValues* past = nullptr;  // parts before this sequence; null: none
  std::vector<RowEdit> rows;        // R >= 1
  Readouts readouts;
  const Observer* observer = nullptr;
};

struct ForwardOutput {
  at::Tensor hidden;                    // [R, hidden_at.size(), D], after the final norm, model dtype
  std::vector<at::Tensor> a;            // per layer [R, a_at.size(), F]
  std::vector<at::Tensor> z;            // per layer [R, z_at.size(), H, Dh]; with z_all [R, T, H, Dh]
  std::vector<KeyValuePart> new_parts;  // per layer, R rows
  std::int64_t layer_positions = 0;     // rows * T * layers computed
};

}  // namespace hones::model
