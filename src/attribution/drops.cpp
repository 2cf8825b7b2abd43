#include "drops.hpp"

#include <cmath>
#include <limits>

#include <hones/base/error.hpp>
#include <hones/metric/named.hpp>

namespace hones::attribution {

using table::CellState;
using table::InstanceState;
using table::TaskCells;

bool valid(CellState state) {
  return state == CellState::unchanged || state == CellState::changed;
}

std::vector<std::int64_t> counted_instances(const TaskCells& cells) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    if (cells.instances[static_cast<std::size_t>(i)].state == InstanceState::done &&
        valid(cells.states[cells.at(i, 0)]))
      rows.push_back(i);
  }
  return rows;
}

void add(std::vector<std::int64_t>& sums, const std::vector<std::uint16_t>& counts, std::size_t cell,
         std::int64_t times) {
  const std::uint16_t* c = counts.data() + cell * sums.size();
  for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += times * c[n];
}

const metric::Counts& kept_counts(const TaskCells& cells) {
  const metric::Counts* kept = metric::counts_of(cells.metric);
  HONES_ASSERT(kept && static_cast<std::int64_t>(kept->size) == cells.counts,
               cells.task + ": counts that " + cells.metric + " does not keep");
  return *kept;
}

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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

// [release], captions: the value of the plain answers together minus that of the intervened ones, over the
// instances valid in both.
class TogetherDrops : public Drops {
 public:
  TogetherDrops(const TaskCells& cells, const std::vector<std::uint16_t>& counts,
                const std::vector<std::int64_t>& rows)
      : cells_(cells), kept_(kept_counts(cells)), counts_(counts), rows_(rows) {}

  void importance(const std::vector<std::int64_t>& weights, std::vector<double>& out) const override {
    const std::int64_t heads = cells_.shape.columns() - 1;
    out.assign(static_cast<std::size_t>(heads), kNaN);
    for (std::int64_t h = 0; h < heads; ++h) {
      std::vector<std::int64_t> plain(kept_.size, 0), intervened(kept_.size, 0);
      bool any = false;
      for (std::size_t r = 0; r < rows_.size(); ++r) {
        const std::size_t cell = cells_.at(rows_[r], 1 + h);
        if (weights[r] == 0 || !valid(cells_.states[cell])) continue;
        add(plain, counts_, cells_.at(rows_[r], 0), weights[r]);
        add(intervened, counts_, cell, weights[r]);
        any = true;
      }
      if (any) out[static_cast<std::size_t>(h)] = kept_.value(plain) - kept_.value(intervened);
    }
  }

 private:
  const TaskCells& cells_;
  const metric::Counts& kept_;
  const std::vector<std::uint16_t>& counts_;
  const std::vector<std::int64_t>& rows_;
};

}  // namespace

std::unique_ptr<Drops> make_drops(const TaskCells& cells, const std::vector<std::uint16_t>& counts,
                                  const std::vector<std::int64_t>& rows, bool together) {
  if (together) return std::make_unique<TogetherDrops>(cells, counts, rows);
  return std::make_unique<MeanDrops>(cells, rows);
}

}  // namespace hones::attribution
