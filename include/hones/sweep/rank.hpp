// Rankings again from a stored discovery.h5, without any forward pass. One process; no LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace hones::sweep {

struct RankOptions {
  std::filesystem::path folder;  // holds discovery.h5
  std::filesystem::path out;     // default: folder / "rank"
  std::optional<std::int64_t> top_k;
  std::optional<std::string> neuron_mode;  // per_instance | after_mean
  std::optional<std::string> weights;      // importance | uniform
  std::optional<double> neuron_share;
};

// Writes heads.<task>.csv, neurons.<task>.csv and rankings.<task>.json; with no option set the CSVs equal
// those of discover byte for byte. Returns the tables' summary for the terminal. discovery.h5 is never
// touched.
std::string rank(const RankOptions& options);

}  // namespace hones::sweep
