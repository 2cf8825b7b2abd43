// Evaluates cells: one rank's engine. The plain engine of the first day (docs/design.md): every row starts at
// layer 0, every candidate is a prompt of its own, every check a whole forward. Slow and plain; it judges the
// fast ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <hones/attribution/target.hpp>
#include <hones/model/generation.hpp>
#include <hones/plan/unit.hpp>
#include <hones/sweep/options.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>
#include <hones/task/task.hpp>

namespace hones::sweep {

struct TaskItems {
  std::unique_ptr<task::Task> task;
  std::vector<task::Item> items;
};

// What a unit left behind.
struct Work {
  std::vector<table::CellBlock> blocks;     // head stage
  std::vector<plan::Exclusion> exclusions;  // instances that could not be computed
  std::int64_t cells = 0;
  std::int64_t invalid_cells = 0;
  double layer_positions = 0;       // computed
  double full_layer_positions = 0;  // of one full prefill per cell
};

// tile_positions when the setting is 0: what a gigabyte of activations holds, by model shape and dtype alone.
std::int64_t default_tile_positions(const checkpoint::DecoderConfig& config, std::int64_t bytes_per_value);

// Rows of a tile for an instance of `positions`: clamp(tile_positions / positions, 1, heads).
std::int64_t tile_rows(std::int64_t tile_positions, std::int64_t positions, std::int64_t heads);

class Evaluator {
 public:
  // All references must outlive it. tile_positions > 0. Heads asked for lie within the model. DataError where
  // the tokenizer has no single token for Yes or No (retrieval).
  Evaluator(const DiscoverOptions& options, const model::Llava& model, const std::vector<TaskItems>& tasks,
            std::filesystem::path images, std::int64_t tile_positions);
  ~Evaluator();

  // Rank-local, like all members. Cells of the unit's instances and layers; the plain column where the unit
  // owns it. A head that was not asked for has the state `not_asked`, its neighbours in a tile apart. A
  // picture that cannot be used, or a plain run that is not finite, is an exclusion, not an error.
  Work heads(const plan::Unit& unit);

  // Adds the unit's instances to `sums` (heads = sums.heads). Excluded instances and invalid head cells of
  // `cells` add nothing. Work::invalid_cells counts what was found invalid here: contributions not finite or
  // beyond the sums' range.
  Work neurons(const plan::Unit& unit, const table::TaskCells& cells,
               const std::vector<attribution::Target>& targets, table::NeuronSums& sums);

  // Target of every item of a task: fixed ones from the prompt, open ones with the document frequencies.
  // DataError naming the record where there is none.
  std::vector<attribution::Target> targets(std::size_t task,
                                           const metric::DocumentFrequency& frequency) const;

 private:
  struct Instance;
  const Instance& instance(std::int32_t task, std::int64_t index);
  attribution::Target target_of(const TaskItems& items, const task::Item& item,
                                const metric::DocumentFrequency& frequency) const;
  void plain_run(Instance& state) const;
  void measure_trunk(Instance& state) const;
  std::vector<double> scores_under(const Instance& state, std::size_t which, std::vector<model::RowEdit> rows,
                                   double& layer_positions) const;
  table::CellBlock plain_block(const Instance& state) const;
  table::CellBlock head_tile(const Instance& state, std::int64_t layer, std::int64_t begin, std::int64_t end,
                             Work& work) const;
  model::RowEdit edit(const Instance& state, std::size_t which, std::int64_t layer, std::int64_t head,
                      std::int64_t first, std::int64_t length) const;
  std::vector<double> log_p_yes(const model::ForwardOutput& output, std::int32_t task) const;
  const model::Generator& generator_of(const Instance& state) const;

  const DiscoverOptions& options_;
  const model::Llava& model_;
  const std::vector<TaskItems>& tasks_;
  std::filesystem::path images_;
  std::int64_t tile_positions_;
  model::Operator op_;
  text::ChatTemplate chat_;
  std::vector<model::Generator> generators_;  // one a task: their answers' limits differ
  std::vector<std::vector<bool>> asked_;      // [L][H]
  std::vector<std::int64_t> yes_;      // id of Yes after the prompts of a task that ranks; -1 elsewhere
  std::unique_ptr<Instance> current_;  // the instance worked on last: units cut by layers meet it again
};

}  // namespace hones::sweep
