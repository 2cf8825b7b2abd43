// The one source of random decisions: SplitMix64, keyed by strings (docs/benchmark.md section 2.1). Library
// shuffles and distributions differ between standard libraries; these do not.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace hones {

class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  // Uniform in 0..n-1: high 64 bits of the 128-bit product of next() with n. n >= 1.
  std::uint64_t below(std::uint64_t n);
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Jumps over `draws` outputs in constant time (the state advances by a constant).
  void skip(std::uint64_t draws);

 private:
  std::uint64_t state_;
};

// FNV-1a, 64 bit.
std::uint64_t fnv1a64(std::string_view bytes);

// First SplitMix64 output after seeding with FNV-1a of "seed|purpose|id". "Order by key" sorts by (key, id).
std::uint64_t key(std::uint64_t seed, std::string_view purpose, std::string_view id);

// For i from last down to 1 swap elements i and below(i+1).
template <typename T>
void shuffle(std::span<T> items, SplitMix64& rng) {
  for (std::size_t i = items.size(); i-- > 1;) {
    std::swap(items[i], items[rng.below(i + 1)]);
  }
}

}  // namespace hones
