// Head importance from the stored cells (docs/method.md section 3). Pure functions: `rank` gives the same
// bytes as `discover`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/rankings.hpp>

namespace hones::attribution {

struct HeadOptions {
  std::int64_t top_k = 0;
  std::uint64_t seed = 0;
  std::int64_t resamples = 0;
  // Captions: "mean" of the sentence differences [paper, Eq. 3], or difference of "corpus" BLEU-4 [release].
  choice::CaptionBleu caption_importance{};
};

// I(h) = mean over the instances where plain and head cell are valid of (plain utility - utility with h
// replaced); signed. Intervals: percentile bootstrap over the done instances, seed key(seed, "ci", task), the
// same resamples for all heads. `counts` [N, columns, cells.counts] are those of the metric (plain_together,
// and the corpus importance).
table::HeadTables head_tables(const table::TaskCells& cells, const std::vector<std::uint16_t>& counts,
                              const HeadOptions& options);

// Heads by importance, descending, ties by (layer, head); heads without a valid cell are left out.
std::vector<table::Head> ranked_heads(const table::HeadTables& tables, const table::Shape& shape);

// The continuous effect: mean of (plain answer's log-probability under the plain run - under the
// replacement), [L, H].
std::vector<double> logprob_drop(const table::TaskCells& cells);

// 1-based rank of every head under `values` (descending, ties by index, NaN last), [L, H].
std::vector<std::int64_t> ranks(const std::vector<double>& values);

}  // namespace hones::attribution
