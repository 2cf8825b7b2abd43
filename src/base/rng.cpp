#include <string>

#include <hones/base/rng.hpp>

namespace hones {

namespace {
constexpr std::uint64_t kIncrement = 0x9E3779B97F4A7C15ULL;
__extension__ using Uint128 = unsigned __int128;
}  // namespace

std::uint64_t SplitMix64::next() {
  state_ += kIncrement;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t SplitMix64::below(std::uint64_t n) {
  return static_cast<std::uint64_t>((static_cast<Uint128>(next()) * n) >> 64);
}

double SplitMix64::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

void SplitMix64::skip(std::uint64_t draws) {
  state_ += draws * kIncrement;
}

std::uint64_t fnv1a64(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

std::uint64_t key(std::uint64_t seed, std::string_view purpose, std::string_view id) {
  std::string text = std::to_string(seed);
  text += '|';
  text += purpose;
  text += '|';
  text += id;
  return SplitMix64(fnv1a64(text)).next();
}

}  // namespace hones
