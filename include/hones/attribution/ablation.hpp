// What masked rows cost, from the stored cells (docs/method.md section 6, docs/benchmark.md 5 and 6.1). Pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/table/cells.hpp>

namespace hones::attribution {

struct AblationOptions {
  std::uint64_t seed = 0;
  std::int64_t resamples = 0;
  // Captions: "corpus" BLEU-4 (the official metric), or "mean" of the sentence BLEU-4.
  choice::CaptionBleu caption_metric{};
};

// One row, or several of one strategy and budget whose drops are averaged: seeds first, instances afterwards.
struct Drop {
  double base = 0, masked = 0;     // metric over the instances valid in both
  double absolute = 0;             // base - masked
  double relative_percent = 0;     // 100 * absolute / base; NaN for base 0
  double ci_low = 0, ci_high = 0;  // of absolute: 95 % percentile interval over the instances
  std::int64_t instances = 0;      // the fewest of the rows
};

// How much more the first of two costs than the second, on the same instances and resamples.
struct Comparison {
  double difference = 0;  // of the absolute drops
  double ci_low = 0, ci_high = 0;
  double p_two_sided = 1;  // docs/benchmark.md 5.1: min(1, 2 min(#{<= 0}, #{>= 0}) / B)
};

// One task's table, its drops resampled once: seed key(seed, "ci", task), as many draws as instances.
class Ablation {
 public:
  // `counts` [N, columns, cells.counts] are those of the metric. Both are needed in the constructor only.
  Ablation(const table::TaskCells& cells, const std::vector<std::uint16_t>& counts,
           const AblationOptions& options);

  // Indices of rows, at least one: row r is column 1 + r of the table.
  Drop drop(const std::vector<std::size_t>& rows) const;
  Comparison compare(const std::vector<std::size_t>& rows, const std::vector<std::size_t>& with) const;

 private:
  std::vector<double> resampled(const std::vector<std::size_t>& rows) const;

  std::vector<double> base_, drop_;             // by row
  std::vector<std::int64_t> instances_;         // by row
  std::vector<std::vector<double>> resampled_;  // [resample][row]; NaN where nothing is valid
};

}  // namespace hones::attribution
