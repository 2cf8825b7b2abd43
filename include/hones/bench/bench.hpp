// Speed of an engine over the head stage of a few instances, one process, one machine (docs/performance.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/sweep/options.hpp>

namespace hones::bench {

// Fields as in bench.json (docs/outputs.md). Times, positions and FLOPs are those of all cells: a form that
// was measured on fewer is scaled linearly.
struct BenchRow {
  std::string task;  // "all": the tasks together
  std::string form;  // engine, plain; rows, prefix
  std::int64_t instances = 0;
  std::int64_t cells = 0, cells_measured = 0;
  std::optional<std::int64_t> candidates_measured;  // of each query, where not all
  std::optional<double> changed_share;              // of the generating cells, those that decoded
  double seconds = 0, cpu_seconds = 0;
  std::optional<double> forward_equivalents, decode_equivalents;
  double useful_flops = 0;
  // Of the engine: what the peak added to the resident size before it began, everything loaded, and what
  // forecast() says of the head stage.
  std::optional<double> peak_added_bytes, forecast_bytes;
};

struct BenchOptions {
  sweep::Options run;              // engine and forced_share are set here
  std::vector<std::string> forms;  // those of engine, plain and parts are measured
  std::vector<double> changed;     // shares forced one after the other; empty: answers as they come
  std::int64_t heads = 0;          // of each layer that `plain` computes; 0: all
  std::int64_t candidates = 0;     // of each query that `plain` computes; 0: all
  std::function<void(const BenchRow&)> progress;  // may be empty
};

// What parts of the fast engine cost, on one tile that begins at the middle layer.
struct BenchParts {
  std::int64_t layer = 0, heads = 0, positions = 0;
  double speed_with_heads = 0;     // a tile of so many different heads against the same tile without edits
  double contributions_share = 0;  // contributions and their sums, over the pass that they ride on
  double by_row_share = 0;  // what products row by row, for the same bits in every tile, cost over joint ones
};

struct BenchReport {
  std::vector<BenchRow> rows;
  std::optional<BenchParts> parts;  // where asked for
  std::map<std::string, std::string> environment;
  double peak_flops = 0;  // a second and CPU, of peak_flops()
};

// at::matmul of 2048 cubed in the dtype, FLOPs per CPU second, best of several.
// configure_threads must have been called.
double peak_flops(choice::NumberFormat dtype);

// CPU seconds of this process so far, all threads.
double cpu_seconds();

// Everything is loaded and warmed up outside the clock. Throws as Inputs does.
BenchReport bench(const BenchOptions& options);

}  // namespace hones::bench
