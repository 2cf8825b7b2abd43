// Statistics over per-instance values (docs/benchmark.md section 5 and 6, docs/method.md section 3). Pure
// functions.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hones::stats {

// Linearly interpolated percentile of SORTED values, q in [0, 1]. NaN for no values.
double percentile(std::span<const double> sorted, double q);

struct Interval {
  double low = 0;
  double high = 0;
};

// Bootstrap resamples: resample b uses draws b*m .. b*m+m-1 of one SplitMix64 via below(n), so that any
// resample can be made without those before it (docs/benchmark.md 5.1).
class Resamples {
 public:
  Resamples(std::uint64_t seed, std::int64_t n, std::int64_t m, std::int64_t resamples);
  std::vector<std::int64_t> indices(std::int64_t b) const;
  std::int64_t count() const { return resamples_; }
  std::int64_t population() const { return n_; }  // indices lie in 0..population()-1

 private:
  std::uint64_t seed_;
  std::int64_t n_, m_, resamples_;
};

// 95 % percentile interval of the mean of `values`; the indices that `resamples` gives refer to `values`.
// NaN values are left out of a resample's mean (invalid cells); a resample without any valid value is left
// out.
Interval bootstrap_mean_interval(std::span<const double> values, const Resamples& resamples);

// Paired bootstrap of section 5.1.
struct PairedBootstrap {
  double mean_delta = 0;  // percentage points
  double sd_delta = 0;
  double p_two_sided = 1;
  double p_two_sided_add_one = 1;
  std::int64_t at_most_zero = 0;  // resamples; a |delta| below 1e-9 counts in both tails
  std::int64_t at_least_zero = 0;
};
// From the differences of the resamples, in percentage points.
PairedBootstrap summarise(std::span<const double> deltas);
// `metric_of` is given the indices of one resample and returns {system, baseline} in 0..1.
PairedBootstrap paired_bootstrap(
    const Resamples& resamples,
    const std::function<std::pair<double, double>(std::span<const std::int64_t>)>& metric_of);

// Indices of `values`, descending, ties by lower index; NaN last.
std::vector<std::int64_t> ranking(std::span<const double> values);

// docs/method.md 3: ten halvings keyed "half|r" (r = 0..9) of the instances; each half ranks the items by
// values(half) (indices into `ids`; one value per item, NaN ranks last); mean over halvings of |intersection
// of the two top-k sets| / k. k is cut to `items`. Instances are ordered by (key(seed, "half|r", id), id), so
// that one more or less moves no other: the first floor(n/2) against the rest. NaN when there is no half or
// nothing to select.
double split_half_overlap(
    std::span<const std::string> ids, std::int64_t items, std::int64_t k, std::uint64_t seed,
    const std::function<std::vector<double>(std::span<const std::int64_t> half)>& values);

// round(share * total), half up: the size of the top 1 % (docs/benchmark.md 6.2).
std::int64_t share_count(double share, std::int64_t total);

// Selected neurons per layer (docs/benchmark.md 6.6); `neurons` are global indices layer * width + i.
std::vector<std::int64_t> layer_histogram(std::span<const std::int64_t> neurons, std::int64_t layers,
                                          std::int64_t width);

struct MeanSd {
  double mean = 0;
  double sd = 0;  // sample SD
};
// NaN where undefined: the mean of no values, the SD of fewer than two.
MeanSd mean_sd(std::span<const double> values);
std::string text(const MeanSd& value);  // "0.609±0.003"

// 100 * (base - masked) / base, sign kept; NaN for base 0 (docs/benchmark.md 6.1).
double relative_drop_percent(double base, double masked);

}  // namespace hones::stats
