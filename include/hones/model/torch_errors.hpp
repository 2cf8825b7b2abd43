// LibTorch's exceptions as this program's: one line, without a stack.
#pragma once

#include <functional>
#include <string>

namespace hones::model {

// Runs `act`. A c10::Error leaves as Error with ExitCode::rank_failed and its first line; where memory ran
// out, with `memory_advice`. Everything else leaves as it came.
void with_torch_errors(const std::string& memory_advice, const std::function<void()>& act);

}  // namespace hones::model
