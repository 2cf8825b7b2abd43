// docs/benchmark.md 5.1 and docs/method.md 3.
#include <algorithm>
#include <cmath>
#include <limits>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

namespace hones::stats {

Resamples::Resamples(std::uint64_t seed, std::int64_t n, std::int64_t m, std::int64_t resamples)
    : seed_(seed), n_(n), m_(m), resamples_(resamples) {
  HONES_ASSERT(
      n >= 0 && m >= 0 && resamples >= 0 && (n > 0 || m == 0),
      "n=" + std::to_string(n) + " m=" + std::to_string(m) + " resamples=" + std::to_string(resamples));
}

std::vector<std::int64_t> Resamples::indices(std::int64_t b) const {
  HONES_ASSERT(b >= 0 && b < resamples_,
               "resample " + std::to_string(b) + " of " + std::to_string(resamples_));
  SplitMix64 rng(seed_);
  rng.skip(static_cast<std::uint64_t>(b * m_));
  std::vector<std::int64_t> drawn(static_cast<std::size_t>(m_));
  for (std::int64_t& index : drawn)
    index = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(n_)));
  return drawn;
}

Interval bootstrap_mean_interval(std::span<const double> values, const Resamples& resamples) {
  HONES_ASSERT(
      static_cast<std::int64_t>(values.size()) == resamples.population(),
      std::to_string(values.size()) + " values, resamples of " + std::to_string(resamples.population()));
  std::vector<double> means;
  for (std::int64_t b = 0; b < resamples.count(); ++b) {
    double sum = 0;
    std::int64_t valid = 0;
    for (const std::int64_t index : resamples.indices(b)) {
      const double value = values[static_cast<std::size_t>(index)];
      if (std::isnan(value)) continue;
      sum += value;
      ++valid;
    }
    if (valid > 0) means.push_back(sum / static_cast<double>(valid));
  }
  std::sort(means.begin(), means.end());
  return {percentile(means, 0.025), percentile(means, 0.975)};
}

PairedBootstrap summarise(std::span<const double> deltas) {
  constexpr double kZero = 1e-9;  // percentage points
  PairedBootstrap result;
  const MeanSd moments = mean_sd(deltas);
  result.mean_delta = moments.mean;
  result.sd_delta = moments.sd;
  for (const double delta : deltas) {
    if (delta < kZero) ++result.at_most_zero;
    if (delta > -kZero) ++result.at_least_zero;
  }
  const auto tail = static_cast<double>(std::min(result.at_most_zero, result.at_least_zero));
  const auto all = static_cast<double>(deltas.size());
  if (!deltas.empty()) result.p_two_sided = std::min(1.0, 2 * tail / all);
  result.p_two_sided_add_one = std::min(1.0, 2 * (tail + 1) / (all + 1));
  return result;
}

PairedBootstrap paired_bootstrap(
    const Resamples& resamples,
    const std::function<std::pair<double, double>(std::span<const std::int64_t>)>& metric_of) {
  std::vector<double> deltas;
  for (std::int64_t b = 0; b < resamples.count(); ++b) {
    const auto [system, baseline] = metric_of(resamples.indices(b));
    deltas.push_back(100 * (system - baseline));
  }
  return summarise(deltas);
}

}  // namespace hones::stats
