// The fast form of a forward pass over one packed sequence: a plain run that keeps its state, and rows that
// start from it at the layer of their edit (docs/design.md, savings 2 to 4). The same function as
// Decoder::forward up to rounding, which judges it in the tests.
//
// Same bits: every product has the positions of ONE row as its rows, so that a row's bits depend on the
// sequence and the positions read, never on which other rows a caller asks for.
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

struct TreeRow {
  at::Tensor hidden;          // [S, D] after the final norm, at the positions read, in order
  std::vector<at::Tensor> a;  // with Wants::a: per layer [S, F], from the layer begun at on
  // With Wants::keys: of layers keys_from and up, [T, KV, Dh]; those below are the plain run's. Views of
  // buffers that the next row overwrites: copy what is to be kept.
  std::vector<at::Tensor> keys, values;
  std::int64_t keys_from = 0;
  double layer_positions = 0;  // computed; a part of a layer counts by its share of the layer's weights
};

class TreePass {
 public:
  struct Wants {
    bool hidden = true;
    bool a = false;
    bool keys = false;
  };

  // `decoder` must outlive it. read: the packed positions whose hidden states (or activations) matter,
  // ascending, at least one. Nothing else is computed in the last layer.
  TreePass(const Decoder& decoder, const Sequence& sequence, std::vector<std::int64_t> read);
  ~TreePass();
  TreePass(TreePass&&) noexcept;

  // From embeddings [T, D]; keeps the state.
  TreeRow plain(const at::Tensor& embeddings, Wants wants);
  const PlainState& state() const { return state_; }

  // Starts at o_proj of the lowest layer `edit` touches, from the state of plain(). The edit must touch one.
  TreeRow resume(const RowEdit& edit, Wants wants, const HeadGroup& group = HeadGroup());
  // All layers, from embeddings.
  TreeRow whole(const at::Tensor& embeddings, const RowEdit& edit, Wants wants,
                const HeadGroup& group = HeadGroup());

  std::int64_t length() const { return T_; }
  // Index of a packed position among those read.
  std::int64_t place(std::int64_t position) const;

 private:
  struct Layout;  // indices, masks, angles, buffers
  struct Begin;
  TreeRow run(const Begin& begin, const RowEdit& edit, Wants wants, const HeadGroup& group);
  at::Tensor attention(std::int64_t layer, const at::Tensor& x, bool last);
  at::Tensor edited(const at::Tensor& z, const RowEdit& edit, std::int64_t layer, bool last,
                    const HeadGroup& group, std::int64_t& fired) const;
  void feed_forward(std::int64_t layer, at::Tensor& x, const RowEdit& edit, bool last, Wants wants,
                    TreeRow& row, std::int64_t& fired);

  const Decoder& decoder_;
  std::int64_t T_;
  std::vector<std::int64_t> read_;
  std::unique_ptr<Layout> layout_;
  PlainState state_;
};

}  // namespace hones::model
