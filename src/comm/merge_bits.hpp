// merge() without arithmetic. A value travels as its bits XOR the bits of "empty", so that empty is 0, and
// the ranks' words meet in a bitwise OR: 0 OR x = x, whichever rank set it. Every NaN counts as empty and
// comes back as the canonical quiet NaN: 0/0 on x86 gives a NaN with another sign bit, which must neither win
// over a value nor differ between runs.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

namespace hones::comm {

template <typename T>
struct MergeBits;

template <>
struct MergeBits<double> {
  using Word = std::uint64_t;
  static constexpr Word kEmpty = std::bit_cast<Word>(std::numeric_limits<double>::quiet_NaN());
};
template <>
struct MergeBits<float> {
  using Word = std::uint32_t;
  static constexpr Word kEmpty = std::bit_cast<Word>(std::numeric_limits<float>::quiet_NaN());
};
template <>
struct MergeBits<std::uint8_t> {
  using Word = std::uint8_t;
  static constexpr Word kEmpty = 0;
};

// In place, values to words. Returns the sum of the words modulo 2^64: where ranks set disjoint elements, the
// sums of the ranks add up to the sum of the merged words, so one more integer tells (almost surely) that two
// ranks set the same one.
template <typename T>
std::uint64_t encode_merge(std::span<T> values) {
  using Word = typename MergeBits<T>::Word;
  std::uint64_t sum = 0;
  for (T& value : values) {
    Word word = 0;
    if constexpr (std::is_floating_point_v<T>) {
      if (!std::isnan(value)) word = std::bit_cast<Word>(value) ^ MergeBits<T>::kEmpty;
    } else {
      word = value;
    }
    sum += word;
    std::memcpy(&value, &word, sizeof word);
  }
  return sum;
}

// In place, words back to values; the sum of the words as above.
template <typename T>
std::uint64_t decode_merge(std::span<T> values) {
  using Word = typename MergeBits<T>::Word;
  std::uint64_t sum = 0;
  for (T& value : values) {
    Word word;
    std::memcpy(&word, &value, sizeof word);
    sum += word;
    word ^= MergeBits<T>::kEmpty;
    std::memcpy(&value, &word, sizeof word);
  }
  return sum;
}

}  // namespace hones::comm
