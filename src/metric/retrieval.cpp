#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <hones/metric/retrieval.hpp>

namespace hones::metric {

namespace {

// log(sum of exp(logit)) over the ids that are (or are not) chosen; -infinity for none.
double log_sum_exp(std::span<const float> logits, const std::vector<bool>& chosen, bool wanted) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (chosen[i] != wanted) continue;
    if (std::isnan(logits[i])) return std::numeric_limits<double>::quiet_NaN();
    largest = std::max(largest, static_cast<double>(logits[i]));
  }
  if (std::isinf(largest)) return largest;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (chosen[i] == wanted) sum += std::exp(static_cast<double>(logits[i]) - largest);
  }
  return largest + std::log(sum);
}

}  // namespace

// -log1p(exp(rest - ids)) instead of ids - logsumexp(all): the latter is 0 for every P near 1, and makes ties
// of it.
double log_probability(std::span<const float> logits, std::span<const std::int64_t> ids) {
  if (ids.empty()) throw std::invalid_argument("log_probability: no ids");
  std::vector<bool> chosen(logits.size(), false);
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= static_cast<std::int64_t>(logits.size())) {
      throw std::invalid_argument("log_probability: id " + std::to_string(id) +
                                  " is outside the vocabulary of " + std::to_string(logits.size()));
    }
    chosen[static_cast<std::size_t>(id)] = true;
  }
  const double odds_against = log_sum_exp(logits, chosen, false) - log_sum_exp(logits, chosen, true);
  // Each branch keeps exp from overflowing.
  return odds_against > 0 ? -odds_against - std::log1p(std::exp(-odds_against))
                          : -std::log1p(std::exp(odds_against));
}

}  // namespace hones::metric
