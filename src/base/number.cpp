#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <hones/base/number.hpp>

namespace hones {

namespace {
template <typename T>
std::string shortest_of(T value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 64> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}
}  // namespace

std::string shortest(double value) {
  return shortest_of(value);
}
std::string shortest(float value) {
  return shortest_of(value);
}

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string duration(double seconds) {
  std::array<char, 64> text{};
  if (seconds < 60) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else if (seconds < 3600) {
    const int whole = static_cast<int>(std::lround(seconds));
    std::snprintf(text.data(), text.size(), "%d min %02d s", whole / 60, whole % 60);
  } else {
    const int minutes = static_cast<int>(std::lround(seconds / 60));
    std::snprintf(text.data(), text.size(), "%d h %02d min", minutes / 60, minutes % 60);
  }
  return text.data();
}

}  // namespace hones
