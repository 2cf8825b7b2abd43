// What computing a unit leaves behind. No tensors.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/plan/tally.hpp>
#include <hones/table/cells.hpp>

namespace hones::engine {

struct Work : plan::Tally {
  struct Block {
    std::int32_t task = 0;
    table::CellBlock cells;
  };
  std::vector<Block> blocks;  // of a stage that fills the table
};

}  // namespace hones::engine
