#include <algorithm>
#include <cmath>
#include <limits>

#include <hones/attribution/heads.hpp>
#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>
#include <hones/stats/stats.hpp>

#include "drops.hpp"

namespace hones::attribution {

namespace {

using table::CellState;
using table::TaskCells;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void intervals(const Drops& drops, const TaskCells& cells, std::int64_t n, const HeadOptions& options,
               table::HeadTables& tables) {
  const std::size_t heads = tables.importance.size();
  std::vector<std::vector<double>> values(heads);
  const stats::Resamples resamples(key(options.seed, "ci", cells.task), n, n, options.resamples);
  std::vector<std::int64_t> weights;
  std::vector<double> importance;
  for (std::int64_t b = 0; b < resamples.count(); ++b) {
    weights.assign(static_cast<std::size_t>(n), 0);
    for (const std::int64_t index : resamples.indices(b)) ++weights[static_cast<std::size_t>(index)];
    drops.importance(weights, importance);
    for (std::size_t h = 0; h < heads; ++h) {
      if (!std::isnan(importance[h])) values[h].push_back(importance[h]);
    }
  }
  tables.ci_low.assign(heads, kNaN);
  tables.ci_high.assign(heads, kNaN);
  for (std::size_t h = 0; h < heads; ++h) {
    if (values[h].empty()) continue;
    std::sort(values[h].begin(), values[h].end());
    tables.ci_low[h] = stats::percentile(values[h], 0.025);
    tables.ci_high[h] = stats::percentile(values[h], 0.975);
  }
}

}  // namespace

table::HeadTables head_tables(const TaskCells& cells, const std::vector<std::uint16_t>& counts,
                              const HeadOptions& options) {
  const std::int64_t heads = cells.shape.columns() - 1;
  const std::vector<std::int64_t> rows = counted_instances(cells);
  const auto n = static_cast<std::int64_t>(rows.size());
  table::HeadTables tables;

  const auto drops = make_drops(
      cells, counts, rows, cells.counts > 0 && options.caption_importance == choice::CaptionBleu::corpus);
  drops->importance(std::vector<std::int64_t>(rows.size(), 1), tables.importance);
  intervals(*drops, cells, n, options, tables);

  tables.answers_changed.assign(static_cast<std::size_t>(heads), 0);
  tables.valid.assign(static_cast<std::size_t>(heads), 0);
  for (const std::int64_t row : rows) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const CellState state = cells.states[cells.at(row, 1 + h)];
      tables.answers_changed[static_cast<std::size_t>(h)] += state == CellState::changed;
      tables.valid[static_cast<std::size_t>(h)] += valid(state);
    }
  }

  std::vector<std::int64_t> plain(static_cast<std::size_t>(cells.counts), 0);
  double sum = 0;
  for (const std::int64_t row : rows) {
    sum += cells.utility[cells.at(row, 0)];
    add(plain, counts, cells.at(row, 0), 1);
  }
  tables.plain_metric = n > 0 ? sum / static_cast<double>(n) : kNaN;
  if (cells.counts > 0) tables.plain_together = kept_counts(cells).value(plain);

  const std::vector<table::Head> best = ranked_heads(tables, cells.shape);
  const std::int64_t k = std::min<std::int64_t>(options.top_k, static_cast<std::int64_t>(best.size()));
  tables.top.assign(best.begin(), best.begin() + k);
  std::vector<std::string> ids;
  for (const std::int64_t row : rows) {
    const table::Instance& instance = cells.instances[static_cast<std::size_t>(row)];
    ids.push_back(instance.image_id + "|" + instance.item_id);
  }
  tables.split_half_overlap =
      stats::split_half_overlap(ids, heads, k, options.seed, [&](std::span<const std::int64_t> half) {
        std::vector<std::int64_t> weights(rows.size(), 0);
        for (const std::int64_t index : half) weights[static_cast<std::size_t>(index)] = 1;
        std::vector<double> importance;
        drops->importance(weights, importance);
        return importance;
      });
  return tables;
}

std::vector<table::Head> ranked_heads(const table::HeadTables& tables, const table::Shape& shape) {
  std::vector<table::Head> heads;
  for (const std::int64_t index : stats::ranking(tables.importance)) {
    if (std::isnan(tables.importance[static_cast<std::size_t>(index)])) continue;
    heads.push_back(
        {static_cast<std::int32_t>(index / shape.heads), static_cast<std::int32_t>(index % shape.heads)});
  }
  return heads;
}

std::vector<double> logprob_drop(const TaskCells& cells) {
  const std::int64_t heads = cells.shape.columns() - 1;
  const std::vector<std::int64_t> rows = counted_instances(cells);
  std::vector<double> drop(static_cast<std::size_t>(heads), kNaN);
  for (std::int64_t h = 0; h < heads; ++h) {
    double sum = 0;
    std::int64_t count = 0;
    for (const std::int64_t row : rows) {
      if (!valid(cells.states[cells.at(row, 1 + h)])) continue;
      sum += static_cast<double>(cells.answer_logprob[cells.at(row, 0)]) -
             static_cast<double>(cells.answer_logprob[cells.at(row, 1 + h)]);
      ++count;
    }
    if (count > 0) drop[static_cast<std::size_t>(h)] = sum / static_cast<double>(count);
  }
  return drop;
}

std::vector<std::int64_t> ranks(const std::vector<double>& values) {
  std::vector<std::int64_t> rank(values.size());
  std::int64_t next = 1;
  for (const std::int64_t index : stats::ranking(values)) rank[static_cast<std::size_t>(index)] = next++;
  return rank;
}

}  // namespace hones::attribution
