// The neuron stage's own part, the same in both engines: which stored heads make a tile, and what an
// instance's activations add to the sums.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/attribution/contribution.hpp>
#include <hones/engine/work.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>

namespace hones::engine {

// Stored heads in tiles of at most `rows`, each of one layer: indices into sums.heads, layers ascending.
std::vector<std::vector<std::size_t>> stored_tiles(const table::NeuronSums& sums, std::int64_t layers,
                                                   std::int64_t rows);

// One instance on its way into the sums: the plain run's contributions first, then each head's.
class Contributed {
 public:
  // References must outlive it. full_layer_positions: of one full prefill of the instance.
  Contributed(const table::TaskCells& cells, std::int64_t instance, at::Tensor projection,
              double full_layer_positions, table::NeuronSums& sums, Work& work, std::int64_t& invalid)
      : cells_(cells),
        instance_(instance),
        projection_(std::move(projection)),
        full_(full_layer_positions),
        sums_(sums),
        work_(work),
        invalid_(invalid) {}

  // a: activations of the last prompt position, per layer [R, 1, F].
  void plain(const std::vector<at::Tensor>& a);
  // Row `row` of a tile in which stored head `s` is replaced; a may begin at the head's layer, below which
  // they are the plain run's.
  void head(std::size_t s, const std::vector<at::Tensor>& a, std::int64_t row);

 private:
  void count_cell();

  const table::TaskCells& cells_;
  std::int64_t instance_;
  at::Tensor projection_;
  double full_;
  table::NeuronSums& sums_;
  Work& work_;
  std::int64_t& invalid_;
  at::Tensor plain_;  // [L, F]
};

}  // namespace hones::engine
