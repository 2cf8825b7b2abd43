// A forward pass as a function: what goes in, what comes out. The plain form, all rows through all layers
// with ATen's own operations: it judges the fast runs, and it is the one that can be differentiated.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/model/decoder.hpp>
#include <hones/model/edits.hpp>
#include <hones/model/keys_values.hpp>
#include <hones/model/observer.hpp>
#include <hones/model/sequence.hpp>

namespace hones::model {

struct Readouts {
  std::vector<std::int64_t> hidden_at;  // positions whose final-norm output is returned
  std::vector<std::int64_t> a_at;       // positions whose FFN activations of all layers are returned
  std::vector<std::int64_t> z_at;  // positions whose o_proj inputs (after edits) of all layers are returned
  bool z_all = false;              // z of every position and layer
  bool keys_values = false;
};

struct ForwardInput {
  Sequence sequence;
  at::Tensor residual;              // [B, T, D], B = 1 (shared by all rows) or rows: the embeddings, or
  std::int64_t first_layer = 0;     // what enters this layer, the first one computed
  const KeyValues* past = nullptr;  // of all layers, before this sequence; null: none
  std::vector<RowEdit> rows;        // R >= 1
  Readouts readouts;
  const Observer* observer = nullptr;
};

struct ForwardOutput {
  at::Tensor hidden;                 // [R, hidden_at.size(), D], after the final norm, model dtype
  std::vector<at::Tensor> a;         // per layer [R, a_at.size(), F]
  std::vector<at::Tensor> z;         // per layer [R, z_at.size(), H, Dh]; with z_all [R, T, H, Dh]
  KeyValues keys_values;             // of the past and this sequence, R rows
  std::int64_t layer_positions = 0;  // rows * T * layers computed
};

// R rows over one sequence. Touches no autograd mode: callers that want none hold an at::NoGradGuard or
// c10::InferenceMode. Collective over the decoder's shard. Throws InternalError when an edit did not fire
// exactly once per row and head.
ForwardOutput forward(const Decoder& decoder, const ForwardInput& input);

}  // namespace hones::model
