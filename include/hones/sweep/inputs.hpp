// What every rank reads before anything is computed, but for the weights, and what follows from it without
// computing. No tensors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>
#include <hones/checkpoint/decoder_config.hpp>
#include <hones/choice/choices.hpp>
#include <hones/engine/bundle.hpp>
#include <hones/family/packer.hpp>
#include <hones/sweep/options.hpp>
#include <hones/table/cells.hpp>
#include <hones/task/task.hpp>
#include <hones/text/prompt.hpp>

namespace hones::sweep {

// Evaluators refer to it, so it stays where it was made.
class Inputs {
 public:
  // Reads the benchmark and, of the checkpoint, everything but the weights. Throws DataError and UsageError;
  // nothing is written. `options` must outlive it.
  // share_pictures: tasks that show one picture are computed together, where options.engine.tree has it so.
  explicit Inputs(const Options& options, bool share_pictures = true);
  Inputs(const Inputs&) = delete;
  Inputs& operator=(const Inputs&) = delete;

  const Options& options;
  benchmark::Benchmark benchmark;
  std::vector<engine::TaskItems> tasks;
  std::vector<engine::Kind> kinds;  // of the head stage
  checkpoint::ModelConfig config;
  std::unique_ptr<const family::Packer> packer;
  choice::NumberFormat dtype = choice::NumberFormat::fp32;  // settled: not automatic
  table::Shape shape;
  std::int64_t tile_positions = 0;

  std::int64_t asked_heads() const;
  // Cells of a task in the head stage: every instance plain, and under each head asked for.
  std::int64_t head_cells(const engine::TaskItems& task) const;
  // In a table of this shape: the model's own, or with an ablation's rows.
  table::TaskCells empty_cells(const engine::TaskItems& task, const table::Shape& of) const;
  // An item's prompt with candidate `which` of item.texts.
  text::Prompt prompt(const task::Item& item, std::size_t which) const;
  // How many ids a text has as an answer.
  std::int64_t tokens(const std::string& text) const;

  // Of an item's longest pass: its longest prompt, and for a generated answer the check's positions behind
  // it.
  std::int64_t positions(const engine::TaskItems& task, const task::Item& item) const;

 private:
  void check_lengths() const;
};

}  // namespace hones::sweep
