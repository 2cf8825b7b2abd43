// The neuron stage of the fast engine: prompts only, rows are the stored heads.
#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>

#include "contributed.hpp"
#include "fast_evaluator.hpp"

namespace hones::engine {

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
    Contributed contributed(
        cells, index,
        attribution::target_projection(model_.decoder(), targets.at(static_cast<std::size_t>(index))),
        static_cast<double>(tree.packed.length()) * static_cast<double>(L), sums, work, invalid);
    contributed.plain(tree.plain.a);
    const std::int64_t rows_of_tile =
        tile_rows(tile_positions_, tree.packed.length(), model_.config().text.heads);
    for (const std::vector<std::size_t>& tile : stored_tiles(sums, L, rows_of_tile)) {
      std::vector<model::RowEdit> edits;
      for (const std::size_t s : tile) {
        edits.push_back(edit_of({{sums.heads[s]}, {}}, [&](std::int64_t l, std::int64_t head) {
          return noise(*seat.what, *seat.item, which, l, head, 0, tree.packed.length(),
                       state.last_image_position, state.trunk_sd);
        }));
      }
      const std::int64_t layer = sums.heads[tile.front()].layer;
      const model::TreeRows rows = options_.resume ? tree.pass->resume(layer, edits, wants)
                                                   : tree.pass->whole(tree.embeddings, edits, wants);
      work.layer_positions += rows.layer_positions;
      for (std::size_t r = 0; r < tile.size(); ++r)
        contributed.head(tile[r], rows.a, static_cast<std::int64_t>(r));
    }
  }
  return work;
}

}  // namespace hones::engine
