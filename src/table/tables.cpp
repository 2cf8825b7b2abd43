#include <algorithm>
#include <limits>
#include <utility>

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

std::vector<std::uint16_t> bleu_of(const TaskCells& cells, std::uint16_t absent) {
  if (!cells.bleu) return {};
  std::vector<std::uint16_t> counts(
      static_cast<std::size_t>(cells.size() * cells.shape.columns()) * kBleuCounts, absent);
  for (const CellBlock& block : cells.own) {
    for (std::size_t c = 0; c < block.states.size(); ++c) {
      if (block.states[c] == CellState::not_done) continue;
      const auto from = block.bleu.begin() + static_cast<std::ptrdiff_t>(c * kBleuCounts);
      const std::size_t to = (cells.at(block.instance, block.begin) + c) * kBleuCounts;
      std::copy_n(from, kBleuCounts, counts.begin() + static_cast<std::ptrdiff_t>(to));
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

}  // namespace hones::table
