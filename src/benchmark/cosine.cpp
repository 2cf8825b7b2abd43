#include "cosine.hpp"

#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>

namespace hones::benchmark {

namespace {

constexpr std::size_t kLanes = 16;  // independent sums, which the compiler turns into vector registers
constexpr std::size_t kTile = 64;   // rows of the pool that stay in the cache while all queries meet them

double squares(std::span<const double> a) {
  double sum = 0;
  for (const double value : a) sum += value * value;
  return sum;
}

float product(const float* a, const float* b, std::size_t n) {
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

double cosine(std::span<const double> a, std::span<const double> b) {
  HONES_ASSERT(a.size() == b.size(), std::to_string(a.size()) + " and " + std::to_string(b.size()));
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  const double norms = std::sqrt(squares(a)) * std::sqrt(squares(b));
  return norms > 0 ? sum / norms : 0;
}

UnitRows::UnitRows(std::size_t columns) : stride_((columns + kLanes - 1) / kLanes * kLanes) {}

void UnitRows::add(std::span<const double> row) {
  HONES_ASSERT(row.size() <= stride_, std::to_string(row.size()) + " columns");
  const double norm = std::sqrt(squares(row));
  for (const double value : row) values_.push_back(static_cast<float>(norm > 0 ? value / norm : 0));
  values_.resize((values_.size() + stride_ - 1) / stride_ * stride_, 0.0F);
}

void products(const UnitRows& queries, const UnitRows& pool, std::span<float> out) {
  HONES_ASSERT(out.size() == queries.size() * pool.size() && queries.stride() == pool.stride(),
               std::to_string(out.size()) + " places");
  for (std::size_t begin = 0; begin < pool.size(); begin += kTile) {
    const std::size_t end = std::min(begin + kTile, pool.size());
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = begin; i < end; ++i)
        out[q * pool.size() + i] = product(queries.row(q), pool.row(i), pool.stride());
    }
  }
}

// Each number was rounded once, each product once, and a sum passes through n / lanes + lanes additions, all
// relative to lengths of 1 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1); twice that, for the
// second-order terms.
double product_error(std::size_t columns) {
  const auto roundings = static_cast<double>((columns + kLanes - 1) / kLanes + kLanes + 3);
  return 2 * roundings * std::ldexp(1.0, -24);
}

}  // namespace hones::benchmark
