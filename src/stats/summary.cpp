#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include <hones/base/error.hpp>
#include <hones/stats/stats.hpp>

namespace hones::stats {

namespace {
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
}

double percentile(std::span<const double> sorted, double q) {
  if (sorted.empty()) return kNan;
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = position - static_cast<double>(below);
  return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

MeanSd mean_sd(std::span<const double> values) {
  if (values.empty()) return {kNan, kNan};
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  if (values.size() < 2) return {mean, kNan};
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / (n - 1))};
}

std::string text(const MeanSd& value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3f\u00B1%.3f", value.mean, value.sd);
  return buffer.data();
}

double relative_drop_percent(double base, double masked) {
  return base == 0 ? kNan : 100 * (base - masked) / base;
}

std::int64_t share_count(double share, std::int64_t total) {
  // The addend beyond one half: 0.29 * 50 is 14.499999999999998 in binary, but 14.5 is what was asked for.
  return static_cast<std::int64_t>(std::floor(share * static_cast<double>(total) + 0.5 + 1e-9));
}

std::vector<std::int64_t> layer_histogram(std::span<const std::int64_t> neurons, std::int64_t layers,
                                          std::int64_t width) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(layers), 0);
  for (const std::int64_t neuron : neurons) {
    HONES_ASSERT(neuron >= 0 && neuron < layers * width, "neuron " + std::to_string(neuron));
    ++counts[static_cast<std::size_t>(neuron / width)];
  }
  return counts;
}

}  // namespace hones::stats
