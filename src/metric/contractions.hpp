// The contraction table of the VQAv2 evaluator (docs/benchmark.md 3.1).
#pragma once

#include <string_view>

namespace hones::metric {

// The entry of a lower-cased word, or the word itself.
std::string_view contraction(std::string_view word);

}  // namespace hones::metric
