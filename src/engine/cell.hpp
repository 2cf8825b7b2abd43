// One cell as an engine leaves it, on its way into a block of the table.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <hones/engine/work.hpp>
#include <hones/table/cells.hpp>
#include <hones/task/task.hpp>

namespace hones::engine {

struct Cell {
  table::CellState state = table::CellState::not_asked;
  double utility = std::numeric_limits<double>::quiet_NaN();
  double answer_logprob = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> scores;        // retrieval
  std::vector<std::int64_t> counts;  // Task::counts() of them
  std::vector<std::int64_t> answer;  // where it is to be stored: the plain column and changed answers
};

// Reasons of exclusion that both engines know.
inline constexpr const char* kEmptyTarget = "its target is empty";  // nothing to attribute to
inline constexpr const char* kNotFinite = "the plain run's logits are not finite";

// A retrieval cell from log P(Yes) of each candidate; `plain` are the plain run's.
Cell ranked_cell(const task::Item& item, const std::vector<double>& plain, std::vector<double> scores);

// Appends a column. What the block holds of each cell follows from the task: `candidates` scores (retrieval),
// the metric's counts.
void push(table::CellBlock& block, const task::Task& task, std::size_t candidates, const Cell& cell);

// Takes cells of one instance, columns ascending, and hands on blocks of neighbouring ones.
class Blocks {
 public:
  // The references must outlive it.
  Blocks(std::int32_t task, std::int64_t instance, const task::Task& what, std::size_t candidates, Work& work)
      : task_(task), instance_(instance), what_(what), candidates_(candidates), work_(work) {}
  void put(std::int64_t column, const Cell& cell);
  void finish();  // hands on the last one

 private:
  std::int32_t task_;
  std::int64_t instance_;
  const task::Task& what_;
  std::size_t candidates_;
  Work& work_;
  table::CellBlock block_;
};

}  // namespace hones::engine
