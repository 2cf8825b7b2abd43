// Rankings again from a stored discovery.h5, without any forward pass. One process; no LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <hones/choice/choices.hpp>

namespace hones::results {

struct RankOptions {
  std::filesystem::path folder;  // holds discovery.h5
  std::filesystem::path out;     // default: folder / "rank"
  // Where given: it must be the benchmark that the run was made with.
  std::filesystem::path benchmark;
  std::optional<std::int64_t> top_k;
  std::string top_k_source = "--top-k";  // who asked for top_k, for errors
  std::optional<choice::NeuronMode> neuron_mode;
  std::optional<choice::HeadWeights> weights;
  std::optional<double> neuron_share;
};

// What was in force: as given, or as the run in the folder had it.
struct RankReport {
  std::filesystem::path out;
  std::int64_t top_k = 0;  // the largest of the tasks: a task with fewer ranked heads takes what it has
  choice::NeuronMode neuron_mode{};
  choice::HeadWeights weights{};
  double neuron_share = 0;
  std::string summary;  // the tables, for the terminal
};

// Writes heads.<task>.csv, neurons.<task>.csv and rankings.<task>.json; with no option set the CSVs equal
// those of discover byte for byte. discovery.h5 is never touched. Throws, before anything is written,
// UsageError for a top_k beyond the stored heads and for an `out` that cannot be written or is the folder of
// a run; DataError naming the file of the run that is missing or damaged, or the benchmark that is another
// one.
RankReport rank(const RankOptions& options);

}  // namespace hones::results
