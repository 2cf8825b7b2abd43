// Sums of the neuron stage: 64-bit fixed point (base/fixed_point.hpp), so that they do not depend on any
// order.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <hones/table/cells.hpp>

namespace hones::table {

struct Head {
  std::int32_t layer = 0;
  std::int32_t head = 0;
  auto operator<=>(const Head&) const = default;
};

// Per task. S stored heads, best first. A (head, instance) pair enters both sums of the head or neither.
struct NeuronSums {
  std::vector<Head> heads;                    // [S]
  std::vector<std::int64_t> valid;            // [S], instances that entered the head's sums
  std::vector<std::int64_t> head_drop_sum;    // [S, L, F], sums of max(c - c_h, 0)
  std::vector<std::int64_t> head_signed_sum;  // [S, L, F], sums of c - c_h
  std::vector<std::int64_t> plain_sum;        // [L, F], sums of c
  std::int64_t plain_instances = 0;           // instances in plain_sum
  double scale = 0;                           // quanta per unit
};

// The sums of some of the heads, in this order; each must be among sums.heads (InternalError).
NeuronSums sums_of(const NeuronSums& sums, const std::vector<Head>& heads);

// Zero sums for `heads` over shape L x F. scale follows from the number of instances.
NeuronSums make_sums(const Shape& shape, std::vector<Head> heads, std::int64_t instances);

}  // namespace hones::table
