// Evaluates cells: one rank's engine. Two of them: the plain engine, where every row starts at layer 0, every
// candidate is a prompt of its own and every check a whole forward (slow, simple, and the judge), and the
// fast one with the savings of docs/design.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <hones/attribution/target.hpp>
#include <hones/engine/bundle.hpp>
#include <hones/engine/options.hpp>
#include <hones/engine/work.hpp>
#include <hones/family/packer.hpp>
#include <hones/model/runs/whole.hpp>
#include <hones/model/vlm.hpp>
#include <hones/plan/unit.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/intervention.hpp>
#include <hones/table/neurons.hpp>
#include <hones/task/task.hpp>

namespace hones::engine {

// tile_positions when the setting is 0: what a gigabyte of activations holds, by model shape and dtype alone.
std::int64_t default_tile_positions(const checkpoint::DecoderConfig& config, std::int64_t bytes_per_value);

// Rows of a tile for an instance of `positions`: clamp(tile_positions / positions, 1, heads).
std::int64_t tile_rows(std::int64_t tile_positions, std::int64_t positions, std::int64_t heads);

// Fast engine: most that rows which wait to be decoded may take, with what decoding them will, on one rank;
// at least one row is taken. Decoding them earlier or later changes no bit.
inline constexpr std::int64_t kHeldRowBytes = std::int64_t{1} << 30;

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  // Rank-local, like all members. Cells of the unit's bundles (of `kinds` the evaluator was made with) and
  // layers; the plain column where the unit owns it. A head that was not asked for has the state `not_asked`,
  // its neighbours in a block apart. A picture that cannot be used, or a plain run that is not finite, is an
  // exclusion, not an error.
  virtual Work heads(const plan::Unit& unit) = 0;

  // Cells of an ablation: of the unit's bundles the columns 1 + r for the interventions r in [group_begin,
  // group_end) of `rows` (by task; a bundle is one task's), and the plain column where the unit owns it.
  // Otherwise as heads().
  virtual Work interventions(const plan::Unit& unit,
                             const std::vector<std::vector<table::Intervention>>& rows) = 0;

  // Adds the unit's instances of one task (unit.load is the task) to `sums` (heads = sums.heads). Excluded
  // instances and invalid head cells of `cells` add nothing. Work::invalid_by_task counts what was found
  // invalid here: contributions not finite or beyond the sums' range.
  virtual Work neurons(const plan::Unit& unit, const table::TaskCells& cells,
                       const std::vector<attribution::Target>& targets, table::NeuronSums& sums) = 0;

  // Target of every item of a task: fixed ones from the prompt, open ones with the document frequencies.
  // DataError naming the record where there is none.
  std::vector<attribution::Target> targets(std::size_t task,
                                           const metric::DocumentFrequency& frequency) const;

 protected:
  // All references must outlive it. DataError where the tokenizer has no single token for Yes or No
  // (retrieval).
  Evaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
            const std::vector<TaskItems>& tasks, const benchmark::Benchmark& benchmark);
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  const TaskItems& items_of(std::int32_t task) const { return tasks_[static_cast<std::size_t>(task)]; }
  bool asked(std::int64_t layer, std::int64_t head) const {
    return asked_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(head)];
  }
  // Image features of an item, or why there are none. `reason` is empty when all is well.
  at::Tensor features(const task::Item& item, std::string& reason) const;
  text::Prompt prompt(const task::Item& item, std::size_t which) const;
  // Log P(Yes) of a task that ranks, from final hidden states [n, D] or [n, 1, D], read in float32.
  std::vector<double> log_p_yes(std::int32_t task, const at::Tensor& hidden) const;
  // What gaussian noise is scaled by, from a plain run over the trunk: [L, H, Dh].
  at::Tensor trunk_deviation(const model::ForwardInput& trunk, std::int64_t last_image_position,
                             double& layer_positions) const;
  // Noise of one head over positions [first, first + length) of an item's prompt `which`: float32 [length,
  // Dh].
  at::Tensor noise(const task::Task& task, const task::Item& item, std::size_t which, std::int64_t layer,
                   std::int64_t head, std::int64_t first, std::int64_t length,
                   std::int64_t last_image_position, const at::Tensor& trunk_sd) const;
  // As an edit of a pass. `noise_of` gives a head's noise over the pass's positions, float32 [T, Dh]; it is
  // asked for gaussian alone.
  using NoiseOf = std::function<at::Tensor(std::int64_t layer, std::int64_t head)>;
  model::RowEdit edit_of(const table::Intervention& row, const NoiseOf& noise_of) const;

  const Options& options_;
  const model::Vlm& model_;
  const family::Packer& packer_;
  const std::vector<TaskItems>& tasks_;
  const benchmark::Benchmark& benchmark_;
  model::Operator op_;

 private:
  attribution::Target target_of(const TaskItems& items, const task::Item& item,
                                const metric::DocumentFrequency& frequency) const;

  std::vector<std::vector<bool>> asked_;  // [L][H]
  std::vector<std::int64_t> yes_;  // by task: id of Yes after the prompts of one that ranks; -1 elsewhere
};

// By options.form. `kinds` are what units of the head stage refer to (separate ones for the plain engine
// and without options.tree). tile_positions > 0. Heads asked for lie within the model. References must
// outlive it.
std::unique_ptr<Evaluator> make_evaluator(const Options& options, const model::Vlm& model,
                                          const family::Packer& packer, const std::vector<TaskItems>& tasks,
                                          const std::vector<Kind>& kinds,
                                          const benchmark::Benchmark& benchmark, std::int64_t tile_positions);

}  // namespace hones::engine
