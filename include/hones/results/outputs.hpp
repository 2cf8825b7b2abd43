// A task's rankings as files and as words: shared by `discover` and `rank`, so that both write the same
// bytes. No tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <hones/attribution/heads.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/neurons.hpp>
#include <hones/table/rankings.hpp>

namespace hones::results {

// Everything known of a task after a sweep.
struct TaskOutput {
  table::TaskCells cells;
  std::vector<std::uint16_t> counts;  // [N, columns, cells.counts]
  table::HeadTables heads;
  table::NeuronSums sums;
  table::NeuronTables neurons;
  std::vector<table::DrawnHeads> drawn;  // by seed; their `neurons.top` has the share of `neurons`
  bool fell_back = false;  // no head was positive: neurons are ranked by the mean plain contribution
};

// heads.<task>.csv, neurons.<task>.csv, rankings.<task>.json in `folder`. `provenance` is what a reader needs
// to make the list again (model, benchmark, prompt, ...): it becomes the head of the JSON file.
void write_task_files(const std::filesystem::path& folder, const TaskOutput& output,
                      const nlohmann::ordered_json& provenance);

// Top heads with intervals and the layer distribution of the selected neurons, for a terminal.
std::string describe_task(const TaskOutput& output);

}  // namespace hones::results
