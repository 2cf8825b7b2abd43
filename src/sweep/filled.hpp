// The table that a job fills, task by task, and what follows from it. No tensors.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/engine/work.hpp>
#include <hones/plan/tally.hpp>
#include <hones/results/outputs.hpp>
#include <hones/sweep/inputs.hpp>

#include "job.hpp"

namespace hones::sweep {

// What a rank computed lies in its blocks (cells.own); states and values of all ranks come together in
// reduce().
class Filled {
 public:
  // Empty. `shape`: the model's, or with an ablation's rows.
  Filled(const Inputs& inputs, const table::Shape& shape);

  std::vector<results::TaskOutput> outputs;  // by task
  const std::vector<bool> asked;             // by column

  const table::Shape& shape() const { return outputs.front().cells.shape; }
  // Cells of each task: the plain column and every one asked for, of every instance.
  std::vector<std::int64_t> cells() const;
  // Rank-local: the work's blocks become this rank's.
  void take(engine::Work& work);
  void exclude(const std::vector<plan::Exclusion>& exclusions);
  // Collective, every cell computed. Afterwards states, utilities, log-probabilities and counts are complete
  // on every rank. Error (bad_instances) for a task of which nothing could be computed.
  void reduce(const JobContext& job);

 private:
  void reduce(const JobContext& job, results::TaskOutput& output) const;
};

// Of a reduction that merges bytes.
template <typename T>
std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
}

// Marks the task's excluded instances.
void mark(table::TaskCells& cells, std::int32_t task, const std::vector<plan::Exclusion>& exclusions);

}  // namespace hones::sweep
