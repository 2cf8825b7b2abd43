// docs/benchmark.md 6.7.
#include <algorithm>
#include <cmath>

#include <hones/attribution/lens.hpp>
#include <hones/base/error.hpp>
#include <hones/stats/stats.hpp>

namespace hones::attribution {

namespace {

std::vector<double> rms_normed(std::span<const double> x, const LensModel& model) {
  HONES_ASSERT(model.norm_weight.size() == x.size(),
               std::to_string(model.norm_weight.size()) + " weights, width " + std::to_string(x.size()));
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + model.norm_eps);
  std::vector<double> result;
  for (std::size_t i = 0; i < x.size(); ++i) result.push_back(x[i] * scale * model.norm_weight[i]);
  return result;
}

}  // namespace

std::vector<double> lens_logits(std::span<const double> ffn_output, const LensModel& model, LensNorm norm) {
  const std::size_t width = ffn_output.size();
  HONES_ASSERT(width > 0 && model.unembedding.size() % width == 0,
               std::to_string(model.unembedding.size()) + " values, width " + std::to_string(width));
  const std::vector<double> x = norm == LensNorm::final
                                    ? rms_normed(ffn_output, model)
                                    : std::vector<double>(ffn_output.begin(), ffn_output.end());
  std::vector<double> logits;
  for (std::size_t row = 0; row < model.unembedding.size(); row += width) {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) sum += model.unembedding[row + i] * x[i];
    logits.push_back(sum);
  }
  return logits;
}

std::vector<std::int64_t> most_supported(std::span<const double> plain, std::span<const double> masked,
                                         std::int64_t count) {
  HONES_ASSERT(plain.size() == masked.size(),
               std::to_string(plain.size()) + " and " + std::to_string(masked.size()) + " logits");
  std::vector<double> delta;
  for (std::size_t id = 0; id < plain.size(); ++id) delta.push_back(plain[id] - masked[id]);
  std::vector<std::int64_t> ids = stats::ranking(delta);
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(count)));
  return ids;
}

}  // namespace hones::attribution
