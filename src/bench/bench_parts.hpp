// Private to the room: needs the inputs of a sweep.
#pragma once

#include <hones/bench/bench.hpp>
#include <hones/model/vlm.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::bench {

// On the first prompt of the first task, in the middle layer. configure_threads must have been called.
BenchParts bench_parts(const sweep::Inputs& inputs, const model::Vlm& model);

}  // namespace hones::bench
