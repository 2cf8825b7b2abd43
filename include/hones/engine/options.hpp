// What is computed, and how: plain values. All of them can change a number. Defaults are the catalogue's
// (src/app/settings), no one else's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/table/neurons.hpp>
#include <hones/task/task.hpp>

namespace hones::engine {

struct Options {
  std::vector<table::Head> heads;  // empty: all
  choice::Operator op{};
  double sigma = 0;  // gaussian only
  std::uint64_t seed = 0;
  choice::Prompts prompts{};
  task::Pictures pictures;
  std::int64_t max_new_tokens = 0;  // of tasks that name no limit of their own
  choice::TargetJoin open_target_join{};
  choice::NumberFormat dtype{};
  choice::Device device{};
  choice::Form form{};
  bool resume = false;              // fast: rows start at the layer of their edit
  bool tree = false;                // fast: prompts about one picture are one packed sequence
  bool verify = false;              // fast: the plain answer is checked in the same pass
  std::int64_t threads = 0;         // per rank
  std::int64_t tile_positions = 0;  // 0: follows from model shape and dtype
  // Fast, for `bench` alone: of every answer so many of the heads, drawn by the seed (rounded up), are
  // decoded and checked as if their first id differed, and no others. None: those that do differ.
  std::optional<double> forced_share;
};

}  // namespace hones::engine
