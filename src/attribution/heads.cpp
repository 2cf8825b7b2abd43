#include <algorithm>
#include <cmath>
#include <limits>

#include <hones/attribution/heads.hpp>
#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/metric/metric.hpp>
#include <hones/stats/stats.hpp>

namespace hones::attribution {

namespace {

using table::CellState;
using table::InstanceState;
using table::TaskCells;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool valid(CellState state) {
  return state == CellState::unchanged || state == CellState::changed;
}

// Rows of the instances that count: done, with a valid plain cell. In benchmark order.
std::vector<std::int64_t> counted_instances(const TaskCells& cells) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    if (cells.instances[static_cast<std::size_t>(i)].state == InstanceState::done &&
        valid(cells.states[cells.at(i, 0)]))
      rows.push_back(i);
  }
  return rows;
}

// Drop of every head over chosen rows with multiplicities, for one way of summing utilities.
class Drops {
 public:
  virtual ~Drops() = default;
  // weights[r]: how often counted instance r occurs. Writes [L*H]; NaN where nothing is valid.
  virtual void importance(const std::vector<std::int64_t>& weights, std::vector<double>& out) const = 0;
};

// docs/method.md 3: mean over instances of (plain - intervened).
class MeanDrops : public Drops {
 public:
  MeanDrops(const TaskCells& cells, const std::vector<std::int64_t>& rows)
      : heads_(cells.shape.columns() - 1) {
    drop_.reserve(rows.size() * static_cast<std::size_t>(heads_));
    for (const std::int64_t row : rows) {
      const double plain = cells.utility[cells.at(row, 0)];
      for (std::int64_t column = 1; column <= heads_; ++column) {
        drop_.push_back(
            valid(cells.states[cells.at(row, column)]) ? plain - cells.utility[cells.at(row, column)] : kNaN);
      }
    }
  }

  void importance(const std::vector<std::int64_t>& weights, std::vector<double>& out) const override {
    std::vector<double> sum(static_cast<std::size_t>(heads_), 0.0);
    std::vector<std::int64_t> count(static_cast<std::size_t>(heads_), 0);
    for (std::size_t r = 0; r < weights.size(); ++r) {
      if (weights[r] == 0) continue;
      const double* drop = drop_.data() + r * static_cast<std::size_t>(heads_);
      for (std::int64_t h = 0; h < heads_; ++h) {
        if (std::isnan(drop[h])) continue;
        sum[static_cast<std::size_t>(h)] += static_cast<double>(weights[r]) * drop[h];
        count[static_cast<std::size_t>(h)] += weights[r];
      }
    }
    out.resize(sum.size());
    for (std::size_t h = 0; h < sum.size(); ++h)
      out[h] = count[h] > 0 ? sum[h] / static_cast<double>(count[h]) : kNaN;
  }

 private:
  std::int64_t heads_;
  std::vector<double> drop_;  // [rows, L*H]
};

metric::BleuCounts counts_at(const std::vector<std::uint16_t>& bleu, std::size_t cell) {
  const std::uint16_t* c = bleu.data() + cell * table::kBleuCounts;
  metric::BleuCounts counts;
  for (std::size_t n = 0; n < 4; ++n) {
    counts.guess[n] = c[n];
    counts.correct[n] = c[4 + n];
  }
  counts.hypothesis_length = c[8];
  counts.reference_length = c[9];
  return counts;
}

void add(metric::BleuCounts& sum, metric::BleuCounts counts, std::int64_t times) {
  for (std::size_t n = 0; n < 4; ++n) {
    counts.guess[n] *= times;
    counts.correct[n] *= times;
  }
  counts.hypothesis_length *= times;
  counts.reference_length *= times;
  sum += counts;
}

// [release]: corpus BLEU-4 of the plain answers minus that of the intervened ones, over the instances valid
// in both.
class CorpusDrops : public Drops {
 public:
  CorpusDrops(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
              const std::vector<std::int64_t>& rows)
      : cells_(cells), bleu_(bleu), rows_(rows) {}

  void importance(const std::vector<std::int64_t>& weights, std::vector<double>& out) const override {
    const std::int64_t heads = cells_.shape.columns() - 1;
    out.assign(static_cast<std::size_t>(heads), kNaN);
    for (std::int64_t h = 0; h < heads; ++h) {
      metric::BleuCounts plain, intervened;
      bool any = false;
      for (std::size_t r = 0; r < rows_.size(); ++r) {
        const std::size_t cell = cells_.at(rows_[r], 1 + h);
        if (weights[r] == 0 || !valid(cells_.states[cell])) continue;
        add(plain, counts_at(bleu_, cells_.at(rows_[r], 0)), weights[r]);
        add(intervened, counts_at(bleu_, cell), weights[r]);
        any = true;
      }
      if (any) out[static_cast<std::size_t>(h)] = metric::bleu(plain)[3] - metric::bleu(intervened)[3];
    }
  }

 private:
  const TaskCells& cells_;
  const std::vector<std::uint16_t>& bleu_;
  const std::vector<std::int64_t>& rows_;
};

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

table::HeadTables head_tables(const TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                              const HeadOptions& options) {
  const std::int64_t heads = cells.shape.columns() - 1;
  const std::vector<std::int64_t> rows = counted_instances(cells);
  const auto n = static_cast<std::int64_t>(rows.size());
  table::HeadTables tables;

  const MeanDrops mean(cells, rows);
  const CorpusDrops corpus(cells, bleu, rows);
  const bool by_corpus = cells.bleu && options.caption_importance == "corpus";
  const Drops& drops = by_corpus ? static_cast<const Drops&>(corpus) : mean;
  drops.importance(std::vector<std::int64_t>(rows.size(), 1), tables.importance);
  intervals(drops, cells, n, options, tables);

  tables.answers_changed.assign(static_cast<std::size_t>(heads), 0);
  tables.valid.assign(static_cast<std::size_t>(heads), 0);
  for (const std::int64_t row : rows) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const CellState state = cells.states[cells.at(row, 1 + h)];
      tables.answers_changed[static_cast<std::size_t>(h)] += state == CellState::changed;
      tables.valid[static_cast<std::size_t>(h)] += valid(state);
    }
  }

  metric::BleuCounts plain;
  double sum = 0;
  for (const std::int64_t row : rows) {
    sum += cells.utility[cells.at(row, 0)];
    if (cells.bleu) add(plain, counts_at(bleu, cells.at(row, 0)), 1);
  }
  tables.plain_metric = n > 0 ? sum / static_cast<double>(n) : kNaN;
  if (cells.bleu) tables.plain_corpus_bleu4 = metric::bleu(plain)[3];

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
        drops.importance(weights, importance);
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
