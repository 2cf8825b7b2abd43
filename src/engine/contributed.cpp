#include "contributed.hpp"

#include <utility>

#include <hones/attribution/neurons.hpp>

namespace hones::engine {

std::vector<std::vector<std::size_t>> stored_tiles(const table::NeuronSums& sums, std::int64_t layers,
                                                   std::int64_t rows) {
  std::vector<std::vector<std::size_t>> tiles;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    std::vector<std::size_t> tile;
    for (std::size_t s = 0; s < sums.heads.size(); ++s) {
      if (sums.heads[s].layer != layer) continue;
      if (static_cast<std::int64_t>(tile.size()) == rows) tiles.push_back(std::exchange(tile, {}));
      tile.push_back(s);
    }
    if (!tile.empty()) tiles.push_back(std::move(tile));
  }
  return tiles;
}

void Contributed::count_cell() {
  ++work_.cells;
  work_.full_layer_positions += full_;
}

void Contributed::plain(const std::vector<at::Tensor>& a) {
  plain_ = attribution::contributions(a, 0, projection_);
  count_cell();
  // The instance's heads may still be usable: what enters their sums is a difference.
  if (!attribution::add_plain(sums_, attribution::values(plain_))) ++invalid_;
}

void Contributed::head(std::size_t s, const std::vector<at::Tensor>& a, std::int64_t row) {
  const table::Head head = sums_.heads[s];
  count_cell();
  const bool usable = cells_.states[cells_.at(instance_, cells_.shape.column(head.layer, head.head))] !=
                      table::CellState::invalid;
  if (!usable) return;
  const at::Tensor changed = attribution::contributions(a, row, projection_, head.layer, plain_);
  if (!attribution::add_head(sums_, static_cast<std::int64_t>(s), attribution::values(plain_),
                             attribution::values(changed)))
    ++invalid_;
}

}  // namespace hones::engine
