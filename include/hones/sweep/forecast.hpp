// What a sweep will cost, before a weight is read: units, positions, FLOPs, memory of a rank. Rank-local.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/sweep/options.hpp>

namespace hones::sweep {

struct Forecast {
  struct Task {
    std::string name;
    std::int64_t instances = 0;
    std::int64_t cells = 0;  // of the head stage
    double prompts_per_cell = 0, positions_per_prompt = 0;
  };
  // Bytes of one rank. What a process holds before it has read a checkpoint is not among them.
  struct Memory {
    std::int64_t weights = 0;
    bool weights_shared = false;  // mapped as they lie in the file: one copy a node
    // The head stage, for the bundle that needs most: the plain run's state, buffers and temporaries of one
    // tile, and rows whose answer changed (those that wait, and what decoding them takes).
    std::int64_t state = 0, workspace = 0, tile = 0, changed_rows = 0;
    std::int64_t table = 0;  // cells of all tasks, complete on every rank
    std::int64_t sums = 0;   // of the neuron stage
    std::int64_t head_stage() const { return state + workspace + tile + changed_rows; }
    std::int64_t all() const { return weights + table + sums + head_stage(); }
  };

  std::int64_t layers = 0, heads = 0, d_ff = 0, tile_positions = 0;
  int ranks = 1;
  std::vector<Task> tasks;
  std::int64_t cells = 0;         // of the head stage
  std::int64_t stored_heads = 0;  // of a task
  std::int64_t head_units = 0, neuron_units = 0;
  double head_positions = 0, neuron_positions = 0;  // through all layers
  // Useful ones, as `bench` counts them: the head stage without and for rows whose answer changed.
  double head_flops = 0, changed_flops = 0, neuron_flops = 0;
  double flops() const { return head_flops + changed_flops + neuron_flops; }
  Memory memory;
};

// Reads the benchmark, the tokenizer and the headers of the checkpoint; touches nothing. `changed`: share of
// the generating tasks' cells whose answer changes (0 to 1); answers are taken to be as long as their targets
// or first references. Throws as Inputs does.
Forecast forecast(const Options& options, int ranks, double changed);

// For a terminal; without memory and FLOPs it is what --dry-run prints.
std::string told(const Forecast& forecast, const Options& options);

}  // namespace hones::sweep
