#include "filled.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <hones/base/error.hpp>

namespace hones::sweep {

namespace {

std::vector<bool> asked_columns(const Options& options, const table::Shape& shape) {
  std::vector<bool> asked(static_cast<std::size_t>(shape.columns()), options.engine.heads.empty());
  asked[0] = true;
  for (const table::Head head : options.engine.heads)
    asked[static_cast<std::size_t>(shape.column(head.layer, head.head))] = true;
  return asked;
}

}  // namespace

Filled::Filled(const Inputs& inputs, const table::Shape& shape)
    : asked(asked_columns(inputs.options, shape)) {
  for (const engine::TaskItems& task : inputs.tasks)
    outputs.emplace_back().cells = inputs.empty_cells(task, shape);
}

std::vector<std::int64_t> Filled::cells() const {
  std::vector<std::int64_t> all;
  for (const results::TaskOutput& output : outputs)
    all.push_back(output.cells.size() * std::count(asked.begin(), asked.end(), true));
  return all;
}

void Filled::take(engine::Work& work) {
  for (engine::Work::Block& block : work.blocks)
    outputs[static_cast<std::size_t>(block.task)].cells.own.push_back(std::move(block.cells));
}

void Filled::exclude(const std::vector<plan::Exclusion>& exclusions) {
  for (std::size_t t = 0; t < outputs.size(); ++t)
    mark(outputs[t].cells, static_cast<std::int32_t>(t), exclusions);
}

void Filled::reduce(const JobContext& job) {
  for (results::TaskOutput& output : outputs) {
    reduce(job, output);
    const table::TaskCells& cells = output.cells;
    if (std::any_of(cells.instances.begin(), cells.instances.end(),
                    [](const table::Instance& i) { return i.state == table::InstanceState::done; }))
      continue;
    const std::vector<plan::Exclusion>& exclusions = job.record.exclusions;
    throw Error(ExitCode::bad_instances,
                "task " + cells.task + ": no instance could be computed; the first reason: " +
                    (exclusions.empty() ? "none recorded" : exclusions.front().reason));
  }
}

void Filled::reduce(const JobContext& job, results::TaskOutput& output) const {
  table::TaskCells& cells = output.cells;
  table::place_blocks(cells);
  output.counts = table::counts_of(cells, 0);
  const std::string what = "the reduction of task " + cells.task;
  job.finish(job.world.merge({bytes_of(cells.states)}), what);
  job.finish(job.world.merge({std::span(cells.utility)}), what);
  job.finish(job.world.merge({std::span(cells.answer_logprob)}), what);
  if (cells.counts > 0) job.finish(job.world.merge({bytes_of(output.counts)}), what);
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    table::Instance& instance = cells.instances[static_cast<std::size_t>(i)];
    if (instance.state == table::InstanceState::excluded) continue;
    instance.state = table::InstanceState::done;
    for (std::int64_t c = 0; c < cells.shape.columns(); ++c) {
      table::CellState& state = cells.states[cells.at(i, c)];
      if (state != table::CellState::not_done) continue;
      HONES_ASSERT(!asked[static_cast<std::size_t>(c)], "a cell of " + cells.task + " that nobody computed");
      state = table::CellState::not_asked;  // a layer without asked heads has no block
    }
  }
}

void mark(table::TaskCells& cells, std::int32_t task, const std::vector<plan::Exclusion>& exclusions) {
  for (const plan::Exclusion& exclusion : exclusions) {
    if (exclusion.task != task) continue;
    table::Instance& instance = cells.instances[static_cast<std::size_t>(exclusion.instance)];
    instance.state = table::InstanceState::excluded;
    instance.reason = exclusion.reason;
  }
}

}  // namespace hones::sweep
