// Private to the room: needs the inputs of a sweep.
#pragma once

#include <hones/model/llava.hpp>
#include <hones/sweep/bench.hpp>

#include "inputs.hpp"

namespace hones::sweep {

// On the first prompt of the first task, in the middle layer. configure_threads must have been called.
BenchParts bench_parts(const Inputs& inputs, const model::Llava& model);

}  // namespace hones::sweep
