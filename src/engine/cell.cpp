#include "cell.hpp"

#include <algorithm>
#include <cmath>

namespace hones::engine {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Cell ranked_cell(const task::Item& item, const std::vector<double>& plain, std::vector<double> scores) {
  Cell cell;
  if (!std::all_of(scores.begin(), scores.end(), [](double s) { return std::isfinite(s); })) {
    cell.state = table::CellState::invalid;
    return cell;
  }
  cell.state = task::ranking_differs(plain, scores) ? table::CellState::changed : table::CellState::unchanged;
  cell.answer_logprob = scores[item.attributed];
  cell.utility = task::retrieval_utility(item, scores);
  cell.scores = std::move(scores);
  return cell;
}

void Blocks::put(std::int64_t column, const Cell& cell) {
  if (block_.begin + std::ssize(block_.states) != column) finish();
  if (block_.states.empty()) {
    block_.instance = instance_;
    block_.begin = column;
  }
  push(block_, what_, candidates_, cell);
}

void Blocks::finish() {
  if (!block_.states.empty()) work_.blocks.push_back({task_, std::move(block_)});
  block_ = {};
}

void push(table::CellBlock& block, const task::Task& task, std::size_t candidates, const Cell& cell) {
  const bool done = cell.state == table::CellState::unchanged || cell.state == table::CellState::changed;
  block.states.push_back(cell.state);
  block.utility.push_back(done ? cell.utility : kNaN);
  block.answer_logprob.push_back(static_cast<float>(done ? cell.answer_logprob : kNaN));
  if (!task.generates()) {
    for (std::size_t c = 0; c < candidates; ++c)
      block.scores.push_back(static_cast<float>(done ? cell.scores.at(c) : kNaN));
  }
  for (std::size_t n = 0; n < static_cast<std::size_t>(task.counts()); ++n)
    block.counts.push_back(done ? static_cast<std::uint16_t>(cell.counts.at(n)) : table::kNoCount);
  block.answers.emplace_back(cell.answer.begin(), cell.answer.end());
}

}  // namespace hones::engine
