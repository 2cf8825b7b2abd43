// Drops of a table's columns over chosen instances: what importance, intervals and comparisons are made of.
// Private to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <hones/metric/bleu.hpp>
#include <hones/table/cells.hpp>

namespace hones::attribution {

bool valid(table::CellState state);

// Rows of the instances that count: done, with a valid plain cell. In benchmark order.
std::vector<std::int64_t> counted_instances(const table::TaskCells& cells);

// Drop of every column but the plain one over chosen rows with multiplicities, for one way of summing
// utilities.
class Drops {
 public:
  virtual ~Drops() = default;
  // weights[r]: how often counted instance r occurs. Writes [columns - 1]; NaN where nothing is valid.
  virtual void importance(const std::vector<std::int64_t>& weights, std::vector<double>& out) const = 0;
};

// The counted instances' drops: mean of utility differences, or difference of corpus BLEU-4 (`by_corpus`; of
// `bleu`, [N, columns, 10]). The references must outlive it.
std::unique_ptr<Drops> make_drops(const table::TaskCells& cells, const std::vector<std::uint16_t>& bleu,
                                  const std::vector<std::int64_t>& rows, bool by_corpus);

metric::BleuCounts counts_at(const std::vector<std::uint16_t>& bleu, std::size_t cell);
void add(metric::BleuCounts& sum, metric::BleuCounts counts, std::int64_t times);

}  // namespace hones::attribution
