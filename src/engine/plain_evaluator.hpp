// The plain engine: one instance at a time, heads of a layer as the rows of a tile, every row from layer 0.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <hones/engine/evaluator.hpp>
#include <hones/model/runs/generation.hpp>

#include "cell.hpp"

namespace hones::engine {

class PlainEvaluator : public Evaluator {
 public:
  PlainEvaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
                 const std::vector<TaskItems>& tasks, const benchmark::Benchmark& benchmark,
                 std::int64_t tile_positions);
  ~PlainEvaluator() override;

  // A kind is a task here, and a bundle one of its instances.
  Work heads(const plan::Unit& unit) override;
  Work interventions(const plan::Unit& unit,
                     const std::vector<std::vector<table::Intervention>>& rows) override;
  Work neurons(const plan::Unit& unit, const table::TaskCells& cells,
               const std::vector<attribution::Target>& targets, table::NeuronSums& sums) override;

 private:
  struct Instance;
  const Instance& instance(std::int32_t task, std::int64_t index);
  void plain_run(Instance& state) const;
  void measure_trunk(Instance& state) const;
  std::vector<double> scores_under(const Instance& state, std::size_t which, std::vector<model::RowEdit> rows,
                                   double& layer_positions) const;
  table::CellBlock plain_block(const Instance& state) const;
  // A column to compute: its number in the table, and what it does.
  struct Column {
    std::int64_t column = 0;
    table::Intervention what;
  };
  Work columns(const plan::Unit& unit, const std::vector<Column>& rows);
  void tile(const Instance& state, std::span<const Column> rows, Work& work) const;
  double useful_flops(const Instance& state, std::size_t answer) const;
  Cell answered(const Instance& state, const model::Answers& answers, std::size_t row) const;
  Cell ranked(const Instance& state, const std::vector<std::vector<double>>& scores, std::size_t row) const;
  const model::Generator& generator_of(const Instance& state) const;
  model::RowEdit edit(const Instance& state, std::size_t which, const table::Intervention& what,
                      std::int64_t first, std::int64_t length) const;

  std::int64_t tile_positions_;
  std::vector<model::Generator> generators_;  // one a task: their answers' limits differ
  std::unique_ptr<Instance> current_;  // the instance worked on last: units cut by layers meet it again
};

}  // namespace hones::engine
