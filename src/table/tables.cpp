#include <algorithm>
#include <limits>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/fixed_point.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>

namespace hones::table {

void resize(TaskCells& cells) {
  const auto n = static_cast<std::size_t>(cells.size() * cells.shape.columns());
  cells.states.assign(n, CellState::not_done);
  cells.utility.assign(n, std::numeric_limits<double>::quiet_NaN());
  cells.answer_logprob.assign(n, std::numeric_limits<float>::quiet_NaN());
}

void place_blocks(TaskCells& cells) {
  for (const CellBlock& block : cells.own) {
    const std::size_t first = cells.at(block.instance, block.begin);
    for (std::size_t c = 0; c < block.states.size(); ++c) {
      if (block.states[c] == CellState::not_done) continue;
      cells.states[first + c] = block.states[c];
      cells.utility[first + c] = block.utility[c];
      cells.answer_logprob[first + c] = block.answer_logprob[c];
    }
  }
}

std::vector<std::uint16_t> counts_of(const TaskCells& cells, std::uint16_t absent) {
  const auto n = static_cast<std::size_t>(cells.counts);
  std::vector<std::uint16_t> counts(static_cast<std::size_t>(cells.size() * cells.shape.columns()) * n,
                                    absent);
  for (const CellBlock& block : cells.own) {
    for (std::size_t c = 0; c < block.states.size(); ++c) {
      if (block.states[c] == CellState::not_done) continue;
      const auto from = block.counts.begin() + static_cast<std::ptrdiff_t>(c * n);
      const std::size_t to = (cells.at(block.instance, block.begin) + c) * n;
      std::copy_n(from, n, counts.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return counts;
}

NeuronSums make_sums(const Shape& shape, std::vector<Head> heads, std::int64_t instances) {
  const auto layer = static_cast<std::size_t>(shape.layers * shape.d_ff);
  NeuronSums sums;
  sums.valid.assign(heads.size(), 0);
  sums.head_drop_sum.assign(heads.size() * layer, 0);
  sums.head_signed_sum.assign(heads.size() * layer, 0);
  sums.plain_sum.assign(layer, 0);
  sums.scale = fixed::scale_for(instances);
  sums.heads = std::move(heads);
  return sums;
}

NeuronSums sums_of(const NeuronSums& sums, const std::vector<Head>& heads) {
  NeuronSums some;
  some.heads = heads;
  some.plain_sum = sums.plain_sum;
  some.plain_instances = sums.plain_instances;
  some.scale = sums.scale;
  const auto n = static_cast<std::ptrdiff_t>(sums.plain_sum.size());
  for (const Head head : heads) {
    const auto found = std::find(sums.heads.begin(), sums.heads.end(), head);
    HONES_ASSERT(found != sums.heads.end(), "sums of a head that has none");
    const std::ptrdiff_t s = found - sums.heads.begin();
    some.valid.push_back(sums.valid[static_cast<std::size_t>(s)]);
    const auto append = [&](std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
      to.insert(to.end(), from.begin() + s * n, from.begin() + (s + 1) * n);
    };
    append(some.head_drop_sum, sums.head_drop_sum);
    append(some.head_signed_sum, sums.head_signed_sum);
  }
  return some;
}

}  // namespace hones::table
