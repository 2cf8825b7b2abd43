// What units leave besides cells: figures, what was found wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/table/figures.hpp>

namespace hones::plan {

// An instance that cannot be computed, as found by whoever tried.
struct Exclusion {
  std::int32_t task = 0;
  std::int64_t instance = 0;
  std::string reason;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& task& instance& reason;
  }
};

// Of one unit, and by += of all that were booked. Work, outcomes and summaries are tallies with more.
struct Tally : table::Figures {
  std::vector<std::int64_t> invalid_by_task;  // cells found invalid; as many entries as tasks, or none yet
  std::vector<Exclusion> exclusions;          // distinct by (task, instance): the first reason stays

  Tally& operator+=(const Tally& other);

  template <class Archive>
  void serialize(Archive& archive, unsigned version) {
    Figures::serialize(archive, version);
    archive& invalid_by_task& exclusions;
  }
};

}  // namespace hones::plan
