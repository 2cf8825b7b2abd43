// Sums of contributions as 64-bit fixed point: integer addition is associative, so a sum does not depend on
// the order of instances, ranks or reductions (docs/method.md section 5).
#pragma once

#include <cmath>
#include <cstdint>

namespace hones::fixed {

// Quantum 1.5e-11. Sums of up to 16,384 addends below kLimit stay below 2^62.
inline constexpr double kScale = 68719476736.0;  // 2^36
inline constexpr double kLimit = 4096.0;
inline constexpr std::int64_t kMaxInstances = 16384;
// For tasks with more than kMaxInstances instances.
inline constexpr double kCoarseScale = 1073741824.0;  // 2^30

inline double scale_for(std::int64_t instances) {
  return instances <= kMaxInstances ? kScale : kCoarseScale;
}

// An addend may enter a sum only if this holds; otherwise the whole cell is invalid.
inline bool representable(double value) {
  return std::abs(value) < kLimit;
}  // false for NaN

// Round to nearest, ties to even (the default rounding mode). Requires representable(value).
inline std::int64_t quantise(double value, double scale) {
  return std::llrint(value * scale);
}

inline double value(std::int64_t sum, double scale) {
  return static_cast<double>(sum) / scale;
}

}  // namespace hones::fixed
