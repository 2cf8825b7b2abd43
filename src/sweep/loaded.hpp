// A job's weights, and the engine at work on its inputs. No tensors here: what needs LibTorch stays behind
// this header.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <hones/attribution/target.hpp>
#include <hones/base/error.hpp>
#include <hones/engine/work.hpp>
#include <hones/metric/idf.hpp>
#include <hones/plan/unit.hpp>
#include <hones/sweep/inputs.hpp>
#include <hones/table/intervention.hpp>
#include <hones/table/neurons.hpp>

namespace hones::sweep {

// Rank-local. The members are those of engine::Evaluator.
class Loaded {
 public:
  // Reads the weights. `inputs` must outlive it and stay where it is. Throws DataError.
  explicit Loaded(const Inputs& inputs);
  ~Loaded();
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  engine::Work heads(const plan::Unit& unit) const;
  engine::Work interventions(const plan::Unit& unit,
                             const std::vector<std::vector<table::Intervention>>& rows) const;
  engine::Work neurons(const plan::Unit& unit, const table::TaskCells& cells,
                       const std::vector<attribution::Target>& targets, table::NeuronSums& sums) const;
  std::vector<attribution::Target> targets(std::size_t task,
                                           const metric::DocumentFrequency& frequency) const;

  // FLOPs a second of this process, from one matrix product with a layer's widest weight: a guess for cutting
  // units, nothing else.
  double flops_per_second() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs a job; an error of LibTorch becomes a line with what to do about memory.
ExitCode with_advice(const Options& options, const std::function<ExitCode()>& job);

}  // namespace hones::sweep
