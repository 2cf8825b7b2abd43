// Interventions as values of a forward call (docs/method.md sections 2 and 6). Nothing is left behind on the
// model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/model/shard.hpp>

namespace hones::model {

using choice::Operator;

// A set of heads of one layer, edited at every position of the pass, in the input of o_proj.
struct HeadEdit {
  std::int64_t layer = 0;
  std::vector<std::int64_t> heads;  // distinct query heads, at least one
  Operator op = Operator::mean;
  at::Tensor
      noise;  // gaussian only: float32 [heads.size(), T, Dh] for the positions of the pass, already scaled
};

// What is done to one row of a pass. Empty: the plain run.
struct RowEdit {
  std::vector<HeadEdit> heads;  // at most one per layer
  std::map<std::int64_t, at::Tensor>
      gains;  // layer -> [F]: activations are multiplied by it at every position

  bool empty() const { return heads.empty() && gains.empty(); }
};

// Heads of a layer that a shard holds.
struct HeldHeads {
  Range range;             // of the layer's heads
  std::int64_t total = 0;  // heads of the layer
  const Shard& shard;
};

// z [R, T, H, Dh], the heads held, with the rows' head edits of `layer` applied, out of place; rows without
// one keep their bits. Edits name heads of the whole layer; a shard changes those it holds. Collective over
// the shards where a row's operator is mean. Adds to `fired` the number of (row, held head) pairs edited.
// Formula: z_h becomes the mean over the layer's heads not in the set, of the original z (all heads in the
// set: zero).
at::Tensor apply_head_edits(const at::Tensor& z, const std::vector<RowEdit>& rows, std::int64_t layer,
                            const HeldHeads& held, std::int64_t& fired);

// a [R, T, F], the neurons `held`, with the rows' gains of `layer` applied, out of place.
at::Tensor apply_gains(const at::Tensor& a, const std::vector<RowEdit>& rows, std::int64_t layer, Range held,
                       std::int64_t& fired);

// (row, held head) and (row, layer-gain) pairs that a pass over all layers must fire on a shard.
std::int64_t expected_firings(const std::vector<RowEdit>& rows, const HeldHeads& held);

// Standard deviation of every channel of z over the positions [0, last] of a plain pass (z of every layer [1,
// T, H, Dh], ForwardOutput::z with z_all): double [L, H, Dh], what gaussian noise is scaled by.
at::Tensor trunk_deviation(const std::vector<at::Tensor>& z, std::int64_t last);

// Gaussian noise of docs/method.md section 2 for one head: float32 [T, Dh], sigma * channel_sd * n(0,1).
// Position t belongs to the trunk while t <= last_image_position (segment "trunk", position t), afterwards to
// `segment` (position t - last_image_position - 1). One SplitMix64 stream per (seed, image, layer, head,
// segment, position), Box-Muller in double. first: index of the pass's first position.
at::Tensor gaussian_noise(std::uint64_t seed, const std::string& image_id, std::int64_t layer,
                          std::int64_t head, const std::string& segment, std::int64_t first,
                          std::int64_t length, std::int64_t last_image_position, const at::Tensor& channel_sd,
                          double sigma);

}  // namespace hones::model
