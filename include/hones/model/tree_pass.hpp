// The fast form of a forward pass over one packed sequence: a plain run that keeps its state, and tiles of
// rows that start from it at the layer of their edit (docs/design.md, savings 2 to 4). The same function as
// Decoder::forward up to rounding, which judges it in the tests.
//
// Same bits: every product has the positions of ONE row, so that a row's bits depend on the sequence and the
// positions read, never on which other rows its tile holds (tests/model/tree_test.cpp). A tile shares what is
// between the products.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <hones/model/decoder.hpp>

namespace hones::model {

// What a plain run leaves. The last layer computes queries, o_proj and FFN at the positions read only, its
// keys and values everywhere.
struct PlainState {
  std::vector<at::Tensor> residual;      // per layer, before its attention: [T, D]; last layer: [S, D]
  std::vector<at::Tensor> z;             // per layer, input of o_proj: [T, H, Dh]; last layer: [S, H, Dh]
  std::vector<at::Tensor> keys, values;  // per layer [T, KV, Dh], keys rotated
};

// What a layer needs and the next overwrites. Allocated once for the largest tile asked for: pages of fresh
// memory cost more than the sums. One thread's; passes may share it, one at a time.
class TreeWorkspace {
 public:
  explicit TreeWorkspace(const Decoder& decoder) : decoder_(decoder) {}

 private:
  friend class TreePass;
  void reserve(std::int64_t positions);

  const Decoder& decoder_;
  std::int64_t positions_ = 0;
  at::Tensor h_, q_, z_, gate_, up_;       // [positions, width]
  std::vector<at::Tensor> keys_, values_;  // per layer
};

struct TreeRows {
  at::Tensor hidden;          // [R, S, D] after the final norm, at the positions read, in order
  std::vector<at::Tensor> a;  // with Wants::a: per layer [R, S, F], from the layer begun at on
  // With Wants::keys: of layers keys_from and up, [R, T, KV, Dh]; those below are the plain run's. Views of
  // buffers that the next tile overwrites: copy what is to be kept.
  std::vector<at::Tensor> keys, values;
  std::int64_t keys_from = 0;
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
  TreePass(const Decoder& decoder, TreeWorkspace& workspace, const Sequence& sequence,
           std::vector<std::int64_t> read);
  ~TreePass();

  // One row, from embeddings [T, D]; keeps the state.
  TreeRows plain(const at::Tensor& embeddings, Wants wants);
  const PlainState& state() const { return state_; }

  // A tile: every row starts at o_proj of `layer`, from the state of plain(). No edit may touch a layer below
  // it.
  TreeRows resume(std::int64_t layer, const std::vector<RowEdit>& rows, Wants wants,
                  const HeadGroup& group = HeadGroup());
  // All layers, from embeddings [T, D].
  TreeRows whole(const at::Tensor& embeddings, const std::vector<RowEdit>& rows, Wants wants,
                 const HeadGroup& group = HeadGroup());

  std::int64_t length() const { return T_; }
  // Index of a packed position among those read.
  std::int64_t place(std::int64_t position) const;

 private:
  struct Layout;  // indices, masks, angles
  struct Begin;
  TreeRows run(const Begin& begin, const std::vector<RowEdit>& rows, Wants wants, const HeadGroup& group);
  at::Tensor attention(std::int64_t layer, const at::Tensor& x, bool last);
  at::Tensor branches(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;
  at::Tensor edited(const at::Tensor& z, const std::vector<RowEdit>& rows, std::int64_t layer, bool last,
                    const HeadGroup& group, std::int64_t& fired) const;
  void feed_forward(std::int64_t layer, at::Tensor& x, const std::vector<RowEdit>& rows, bool last,
                    Wants wants, TreeRows& output, std::int64_t& fired);

  const Decoder& decoder_;
  TreeWorkspace& workspace_;
  std::int64_t T_;
  std::vector<std::int64_t> read_;
  std::unique_ptr<Layout> layout_;
  PlainState state_;
};

}  // namespace hones::model
