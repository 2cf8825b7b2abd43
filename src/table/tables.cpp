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
