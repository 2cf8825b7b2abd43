// Cosines of many queries with a large pool: fp32 in blocks to find who comes into question, double to
// decide.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hones::benchmark {

// Of equal length; 0 where either is a zero vector.
double cosine(std::span<const double> a, std::span<const double> b);

// Vectors scaled to length 1 (zero vectors stay), fp32, padded with zeros to a multiple of the lanes of
// products().
class UnitRows {
 public:
  explicit UnitRows(std::size_t columns);
  void add(std::span<const double> row);

  std::size_t size() const { return values_.size() / stride_; }
  std::size_t stride() const { return stride_; }
  const float* row(std::size_t i) const { return values_.data() + i * stride_; }

 private:
  std::size_t stride_;
  std::vector<float> values_;
};

// out[q * pool.size() + i] = product of queries' row q and the pool's row i. The order of additions is fixed,
// so that every machine gives the same bits.
void products(const UnitRows& queries, const UnitRows& pool, std::span<float> out);

// products() of rows of so many columns differ from their cosine by less than this.
double product_error(std::size_t columns);

}  // namespace hones::benchmark
