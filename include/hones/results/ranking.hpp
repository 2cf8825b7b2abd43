// How heads and neurons are ranked, and what is kept for ranking them again: plain values. Defaults are the
// catalogue's (src/app/settings), no one else's.
#pragma once

#include <cstdint>

#include <hones/choice/choices.hpp>

namespace hones::results {

struct Ranking {
  std::int64_t top_k = 0;
  std::int64_t stored_heads = 0;
  std::int64_t rand_head_seeds = 0;  // draws of RandHead whose sums are kept as well
  double neuron_share = 0;
  choice::NeuronMode neuron_mode{};
  choice::HeadWeights weights{};
  choice::CaptionBleu caption_importance{};
  std::int64_t bootstrap_resamples = 0;
};

}  // namespace hones::results
