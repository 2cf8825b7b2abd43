// The forms of `bench` that are not this program's: tools/reference_bench.py with transformers, in a process
// of its own on the same machine, threads and dtype.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <hones/bench/bench.hpp>

namespace hones::app {

struct RivalOptions {
  std::filesystem::path python, program;
  std::filesystem::path model, benchmark;
  std::filesystem::path scratch;  // folder for what it writes
  std::vector<std::string> tasks;
  std::vector<std::string> limits;  // TASK=N: most new tokens
  std::string dtype;                // fp32, bf16, fp16
  std::int64_t threads = 1, instances = 1, heads = 0, candidates = 0;
};

// Rows of `form` (rows or prefix). UsageError where interpreter or program is not there; Error(rank_failed)
// when it fails, its own words having gone to standard error; DataError for figures that cannot be read.
std::vector<bench::BenchRow> run_rival(const std::string& form, const RivalOptions& options);

}  // namespace hones::app
