// A model cut over ranks: whole key/value groups of the attention heads, slices of the FFN and of the
// vocabulary (docs/design.md, "Ranks"). A decoder is made for one shard and holds that shard's weights.
#pragma once

#include <cstdint>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/model/torch.hpp>

namespace hones::model {

// Indices [begin, end) of the whole model's.
struct Range {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
  bool holds(std::int64_t index) const { return index >= begin && index < end; }
};

class Shard {
 public:
  virtual ~Shard() = default;
  virtual int rank() const = 0;  // 0..size - 1
  virtual int size() const = 0;
  // `partial` summed over the shards, equal bits on all. Collective; every shard calls with one shape and
  // dtype. May return `partial` itself where there is one shard.
  virtual at::Tensor sum(const at::Tensor& partial) const = 0;

  // What enters a sum once (the residual, a bias) enters it here.
  bool first() const { return rank() == 0; }
  // Ranges differ by one group at most. Query head h reads key head h div (H / KV), so that whole groups
  // are held: kv_heads >= size (InternalError).
  Range kv_heads(const checkpoint::DecoderConfig& config) const;
  Range heads(const checkpoint::DecoderConfig& config) const;
  Range ffn(const checkpoint::DecoderConfig& config) const;
  Range vocabulary(const checkpoint::DecoderConfig& config) const;

 private:
  Range part_of(std::int64_t all) const;
};

// The only shard there is: the whole model.
class WholeModel final : public Shard {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  at::Tensor sum(const at::Tensor& partial) const override { return partial; }
};

}  // namespace hones::model
