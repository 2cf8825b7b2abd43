// The fast form of a forward pass over one packed sequence: a plain run that keeps its state, and tiles of
// rows that start from it at the layer of their edit (docs/design.md, savings 2 to 4). The same function as
// forward() up to rounding, which judges it in the tests.
//
// Same bits: every product has the positions of ONE row, so that a row's bits depend on the sequence and the
// positions read, never on which other rows its tile holds (tests/model/tree_test.cpp). A tile shares what is
// between the products.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <hones/model/decoder.hpp>
#include <hones/model/edits.hpp>
#include <hones/model/keys_values.hpp>
#include <hones/model/sequence.hpp>
#include <hones/model/tree_cost.hpp>
#include <hones/model/workspace.hpp>

namespace hones::model {

// What a plain run leaves. The last layer computes queries, o_proj and FFN at the positions read only, its
// keys and values everywhere.
struct PlainState {
  std::vector<at::Tensor> residual;  // per layer, before its attention: [T, D]; last layer: [S, D]
  std::vector<at::Tensor> z;         // per layer, input of o_proj: [T, H, Dh]; last layer: [S, H, Dh]
  KeyValues keys_values;             // one row
};

struct TreeRows {
  at::Tensor hidden;          // [R, S, D] after the final norm, at the positions read, in order
  std::vector<at::Tensor> a;  // with Wants::a: per layer [R, S, F], from the layer begun at on
  // With Wants::keys: R rows of the layers computed; those below are the plain run's. Views of buffers that
  // the next tile of this workspace overwrites: copy what is to be kept.
  KeyValues keys_values;
  double layer_positions = 0;  // computed; a part of a layer counts by its share of the layer's weights
  double useful_flops = 0;     // checkpoint::DecoderFlops of what was computed, padding left out; no logits
};

class TreePass {
 public:
  struct Wants {
    bool hidden = true;
    bool a = false;
    bool keys = false;
  };

  // Both references must outlive it. read: the packed positions whose hidden states (or activations) matter,
  // ascending, at least one. Nothing else is computed in the last layer.
  TreePass(const Decoder& decoder, Workspace& workspace, const Sequence& sequence,
           std::vector<std::int64_t> read);
  ~TreePass();

  // One row, from embeddings [T, D]; keeps the state.
  TreeRows plain(const at::Tensor& embeddings, Wants wants);
  const PlainState& state() const { return state_; }

  // A tile: every row starts at o_proj of `layer`, from the state of plain(). No edit may touch a layer below
  // it.
  TreeRows resume(std::int64_t layer, const std::vector<RowEdit>& rows, Wants wants);
  // All layers, from embeddings [T, D].
  TreeRows whole(const at::Tensor& embeddings, const std::vector<RowEdit>& rows, Wants wants);

  std::int64_t length() const { return shape_.positions; }
  // Index of a packed position among those read.
  std::int64_t place(std::int64_t position) const;

 private:
  struct Parts;  // what the sequence makes of angles, masks and indices
  struct Begin;
  TreeRows run(const Begin& begin, const std::vector<RowEdit>& rows, Wants wants);
  void through_layers(const Begin& begin, struct LayerContext& context, at::Tensor& x, Wants wants,
                      TreeRows& output);

  const Decoder& decoder_;
  Workspace& workspace_;
  std::vector<std::int64_t> read_;
  TreeShape shape_;
  std::unique_ptr<Parts> parts_;
  PlainState state_;
};

}  // namespace hones::model
