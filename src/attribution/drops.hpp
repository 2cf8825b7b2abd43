// Drops of a table's columns over chosen instances: what importance, intervals and comparisons are made of.
// Private to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <hones/metric/named.hpp>
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

// The counted instances' drops: mean of utility differences, or difference of the values of all answers
// `together` (captions: corpus BLEU-4; of `counts`, [N, columns, cells.counts]). The references must outlive
// it.
std::unique_ptr<Drops> make_drops(const table::TaskCells& cells, const std::vector<std::uint16_t>& counts,
                                  const std::vector<std::int64_t>& rows, bool together);

// Of a task whose metric keeps counts (InternalError).
const metric::Counts& kept_counts(const table::TaskCells& cells);
// `times` the counts of a cell.
void add(std::vector<std::int64_t>& sums, const std::vector<std::uint16_t>& counts, std::size_t cell,
         std::int64_t times);

}  // namespace hones::attribution
