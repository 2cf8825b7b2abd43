#include <algorithm>
#include <cmath>
#include <limits>

#include <hones/attribution/ablation.hpp>
#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/stats/stats.hpp>

#include "drops.hpp"

namespace hones::attribution {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double mean_of(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  double sum = 0;
  for (const std::size_t row : rows) sum += values.at(row);
  return sum / static_cast<double>(rows.size());
}

// The 95 % percentile interval of values that are NaN where a resample had nothing.
stats::Interval interval_of(std::vector<double> values) {
  std::erase_if(values, [](double v) { return std::isnan(v); });
  if (values.empty()) return {kNaN, kNaN};
  std::sort(values.begin(), values.end());
  return {stats::percentile(values, 0.025), stats::percentile(values, 0.975)};
}

}  // namespace

Ablation::Ablation(const table::TaskCells& cells, const std::vector<std::uint16_t>& counts,
                   const AblationOptions& options) {
  const std::vector<std::int64_t> counted = counted_instances(cells);
  const auto n = static_cast<std::int64_t>(counted.size());
  const bool together = cells.counts > 0 && options.caption_metric == choice::CaptionBleu::corpus;
  const auto drops = make_drops(cells, counts, counted, together);
  drops->importance(std::vector<std::int64_t>(counted.size(), 1), drop_);

  for (std::int64_t column = 1; column < cells.shape.columns(); ++column) {
    double sum = 0;
    std::vector<std::int64_t> sums(static_cast<std::size_t>(cells.counts), 0);
    std::int64_t instances = 0;
    for (const std::int64_t i : counted) {
      if (!valid(cells.states[cells.at(i, column)])) continue;
      ++instances;
      sum += cells.utility[cells.at(i, 0)];
      if (together) add(sums, counts, cells.at(i, 0), 1);
    }
    instances_.push_back(instances);
    base_.push_back(instances == 0 ? kNaN
                    : together     ? kept_counts(cells).value(sums)
                                   : sum / static_cast<double>(instances));
  }
  const stats::Resamples resamples(key(options.seed, "ci", cells.task), n, n, n > 0 ? options.resamples : 0);
  for (std::int64_t b = 0; b < resamples.count(); ++b) {
    std::vector<std::int64_t> weights(counted.size(), 0);
    for (const std::int64_t index : resamples.indices(b)) ++weights[static_cast<std::size_t>(index)];
    drops->importance(weights, resampled_.emplace_back());
  }
}

std::vector<double> Ablation::resampled(const std::vector<std::size_t>& rows) const {
  std::vector<double> values;
  for (const std::vector<double>& resample : resampled_) values.push_back(mean_of(resample, rows));
  return values;
}

Drop Ablation::drop(const std::vector<std::size_t>& rows) const {
  HONES_ASSERT(!rows.empty(), "a drop of no row");
  Drop drop;
  drop.base = mean_of(base_, rows);
  drop.absolute = mean_of(drop_, rows);
  drop.masked = drop.base - drop.absolute;
  drop.relative_percent = stats::relative_drop_percent(drop.base, drop.masked);
  const stats::Interval interval = interval_of(resampled(rows));
  drop.ci_low = interval.low;
  drop.ci_high = interval.high;
  drop.instances = std::numeric_limits<std::int64_t>::max();
  for (const std::size_t row : rows) drop.instances = std::min(drop.instances, instances_.at(row));
  return drop;
}

Comparison Ablation::compare(const std::vector<std::size_t>& rows,
                             const std::vector<std::size_t>& with) const {
  Comparison comparison;
  comparison.difference = mean_of(drop_, rows) - mean_of(drop_, with);
  std::vector<double> differences = resampled(rows);
  const std::vector<double> others = resampled(with);
  for (std::size_t b = 0; b < differences.size(); ++b) differences[b] -= others[b];
  const stats::Interval interval = interval_of(differences);
  comparison.ci_low = interval.low;
  comparison.ci_high = interval.high;
  std::erase_if(differences, [](double v) { return std::isnan(v); });
  for (double& difference : differences) difference *= 100;  // percentage points, as summarise() counts ties
  comparison.p_two_sided = differences.empty() ? kNaN : stats::summarise(differences).p_two_sided;
  return comparison;
}

}  // namespace hones::attribution
