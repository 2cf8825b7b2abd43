// How many threads compute. No LibTorch header.
#pragma once

#include <cstdint>

namespace hones::model {

// Sets LibTorch up for reproducible CPU work: `threads` within an operation, one between operations. The
// first call must come before the first tensor.
void configure_threads(std::int64_t threads);

}  // namespace hones::model
