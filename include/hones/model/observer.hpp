// What looks into a pass while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <hones/model/torch.hpp>

namespace hones::model {

// Sees every intermediate tensor of docs/models.md section 9: "cos", "sin"; per layer "resid_pre", "q", "k",
// "v", "probs", "z", "attention" (output of o_proj), "resid_mid", "h" (FFN input), "a", "resid_post"; "norm";
// of the tower "vision.patch_embedding", "vision.pre_norm", "vision.layers", "vision.selected",
// "vision.projected". Layer -1 where there is none. Attention is computed step by step then, because a fused
// kernel has no probabilities to show.
using Observer = std::function<void(std::string_view name, std::int64_t layer, const at::Tensor& value)>;

}  // namespace hones::model
