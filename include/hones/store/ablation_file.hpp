// ablation.h5, schema_version 1 (docs/outputs.md): per-instance values of every masked row. Written
// collectively.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/comm/communicator.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/table/cells.hpp>
#include <hones/table/intervention.hpp>

namespace hones::store {

struct AblationFileTask {
  const table::TaskCells& cells;             // states, utility and log-probabilities complete
  const std::vector<std::uint16_t>& counts;  // [N, columns, cells.counts]
  std::string split;
  choice::CaptionBleu caption_metric{};         // where the metric keeps counts
  const std::vector<table::AblationRow>& rows;  // of columns 1, 2, ...
  std::optional<double> elbow;                  // of the head budgets
};

// Collective: equal values on every rank. FILE.tmp, synced, renamed; errors as for DiscoveryWriter.
SlabReport write_ablation(const std::filesystem::path& file, comm::Communicator& world,
                          const FileHeader& header, const std::vector<AblationFileTask>& tasks,
                          std::chrono::duration<double> call_limit = std::chrono::minutes(10));

}  // namespace hones::store
