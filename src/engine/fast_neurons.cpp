// The neuron stage of the fast engine: prompts only, rows are the stored heads.
#include <utility>

#include <c10/core/InferenceMode.h>

#include <hones/attribution/contribution.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>

#include "fast_evaluator.hpp"

namespace hones::engine {

namespace {

using table::CellState;

// Stored heads in tiles of one layer: indices into sums.heads.
std::vector<std::vector<std::size_t>> tiles(const table::NeuronSums& sums, std::int64_t layers,
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

}  // namespace

Work FastEvaluator::neurons(const plan::Unit& unit, const table::TaskCells& cells,
                            const std::vector<attribution::Target>& targets, table::NeuronSums& sums) {
  const c10::InferenceMode no_gradients;
  current_.reset();  // the head stage is over; what it kept is of no use here
  const auto task = static_cast<std::int32_t>(unit.load);
  const std::int64_t L = model_.config().text.layers;
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  std::int64_t& invalid = work.invalid_by_task[static_cast<std::size_t>(task)];
  const model::TreePass::Wants wants{false, true, false};
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    if (cells.instances[static_cast<std::size_t>(index)].state == table::InstanceState::excluded) continue;
    Subject state;
    seat(state, {{task, index}});
    const Seat& seat = state.seats.front();
    HONES_ASSERT(seat.excluded.empty(), seat.excluded);
    // Of a query the positive candidate's prompt alone: negatives never enter attribution.
    const std::size_t which = seat.item->attributed;
    Tree tree;
    tree.packed = model::make_tree({&seat.prompts.at(which)}, {{}});
    measure_trunk(state);
    run_plainly(state, tree, wants);
    work.layer_positions += state.layer_positions + tree.plain.layer_positions;
    const at::Tensor projection =
        attribution::target_projection(model_.decoder(), targets.at(static_cast<std::size_t>(index)));
    const double full = static_cast<double>(tree.packed.length()) * static_cast<double>(L);
    const at::Tensor plain = attribution::contributions(tree.plain.a, 0, projection);
    ++work.cells;
    work.full_layer_positions += full;
    // Its heads may still be usable: what enters their sums is a difference.
    if (!attribution::add_plain(sums, attribution::values(plain))) ++invalid;
    const std::int64_t rows_of_tile =
        tile_rows(tile_positions_, tree.packed.length(), model_.config().text.heads);
    for (const std::vector<std::size_t>& tile : tiles(sums, L, rows_of_tile)) {
      const std::int64_t layer = sums.heads[tile.front()].layer;
      std::vector<model::RowEdit> edits;
      for (const std::size_t s : tile) {
        edits.push_back(edit_of({{sums.heads[s]}, {}}, [&](std::int64_t l, std::int64_t head) {
          return noise(*seat.what, *seat.item, which, l, head, 0, tree.packed.length(),
                       state.last_image_position, state.trunk_sd);
        }));
      }
      const model::TreeRows rows = options_.resume ? tree.pass->resume(layer, edits, wants)
                                                   : tree.pass->whole(tree.embeddings, edits, wants);
      work.layer_positions += rows.layer_positions;
      for (std::size_t r = 0; r < tile.size(); ++r) {
        const table::Head head = sums.heads[tile[r]];
        ++work.cells;
        work.full_layer_positions += full;
        const at::Tensor changed = attribution::contributions(
            rows.a, static_cast<std::int64_t>(r), projection, layer, plain);  // below `layer` the plain run's
        const bool usable =
            cells.states[cells.at(index, cells.shape.column(head.layer, head.head))] != CellState::invalid;
        if (usable && !attribution::add_head(sums, static_cast<std::int64_t>(tile[r]),
                                             attribution::values(plain), attribution::values(changed)))
          ++invalid;
      }
    }
  }
  return work;
}

}  // namespace hones::engine
