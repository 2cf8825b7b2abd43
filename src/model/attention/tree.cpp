#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>

#include "attention.hpp"

namespace hones::model {

namespace {

// What the positions read may see, to be added to scores: [S, T], 0 or -inf.
at::Tensor mask_of(const Sequence& sequence, const at::Tensor& read, const at::TensorOptions& options) {
  const std::int64_t T = sequence.length();
  at::Tensor allowed = attention_mask(sequence, 0);
  if (!allowed.defined()) allowed = at::ones({T, T}, read.options().dtype(at::kBool)).tril();
  allowed = allowed.index_select(0, read);
  return at::zeros({read.size(0), T}, options).masked_fill_(allowed.logical_not(), -INFINITY);
}

}  // namespace

TreeAttention::TreeAttention(Kernels& kernels, const Decoder& decoder, const Sequence& sequence,
                             const std::vector<std::int64_t>& read, const Angles& angles)
    : kernels_(kernels), last_(decoder.config().layers - 1), length_(sequence.length()) {
  const auto& segments = sequence.segments;
  HONES_ASSERT(!segments.empty() && segments[0].parent == -1 && segments[0].begin == 0,
               "the trunk comes first");
  trunk_ = segments[0].length;
  branches_ = std::ssize(segments) - 1;
  for (std::size_t s = 1; s < segments.size(); ++s) {
    HONES_ASSERT(segments[s].parent == 0, "a branch of a branch");
    longest_ = std::max(longest_, segments[s].length);
  }
  std::vector<std::int64_t> slots, slot_of;
  for (std::int64_t b = 0; b < branches_; ++b) {
    const Segment& branch = segments[static_cast<std::size_t>(b) + 1];
    for (std::int64_t i = 0; i < longest_; ++i) {
      slots.push_back(branch.begin + std::min(i, branch.length - 1));
      if (i < branch.length) slot_of.push_back(b * longest_ + i);
    }
  }
  const at::Device device = decoder.options().device();
  slots_ = index_tensor(slots, device);
  slot_of_ = index_tensor(slot_of, device);
  read_.index = index_tensor(read, device);
  read_.angles = angles.at(read_.index);
  mask_read_ = mask_of(sequence, read_.index, decoder.options());
}

// The trunk sees itself. Positions behind it see the trunk, all of them at once, and their own branch; the
// two are merged by their log-sum-exp.
at::Tensor TreeAttention::attend(std::int64_t layer, const at::Tensor& q, const at::Tensor& own_keys,
                                 const at::Tensor& own_values) {
  const std::int64_t R = q.size(0), H = q.size(2), Dh = q.size(3), T = length_, P = trunk_;
  const std::int64_t times = H / own_keys.size(2);
  const at::Tensor k = repeated(own_keys, times), v = repeated(own_values, times);
  if (layer == last_) return kernels_.attend(q, k, v, mask_read_, false).contiguous();
  const auto trunk = [&](const at::Tensor& all) { return all.narrow(1, 0, P); };
  const auto behind = [&](const at::Tensor& all) { return all.narrow(1, P, T - P); };
  const at::Tensor trunk_z = heads_first(kernels_.attend_part(trunk(q), trunk(k), trunk(v), true).values);
  if (P == T) return trunk_z;
  const at::Tensor z = kernels_.room({Slot::Name::mixed}, R, T, q, H * Dh).view({R, T, H, Dh});
  trunk(z).copy_(trunk_z);
  const Attended to_trunk = kernels_.attend_part(behind(q), trunk(k), trunk(v), false);
  behind(z).copy_(kernels_.merge(to_trunk, of_branches(q, k, v)));
  return z;
}

// Of the positions behind the trunk, each to its own branch, branches padded to the longest.
Attended TreeAttention::of_branches(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
  const std::int64_t R = q.size(0), H = q.size(2), Dh = q.size(3), slots = branches_ * longest_;
  const auto padded = [&](const at::Tensor& all) {  // [R * branches, longest, H, Dh]
    return all.index_select(1, slots_).view({R * branches_, longest_, H, Dh});
  };
  Attended own = kernels_.attend_part(padded(q), padded(k), padded(v), true);
  own.values = own.values.transpose(1, 2).reshape({R, slots, H, Dh}).index_select(1, slot_of_);
  own.values = heads_first(own.values);  // [R, H, T - P, Dh]
  own.log_sum = own.log_sum.transpose(1, 2).reshape({R, slots, H}).index_select(1, slot_of_);
  own.log_sum = own.log_sum.transpose(1, 2);
  return own;
}

}  // namespace hones::model
