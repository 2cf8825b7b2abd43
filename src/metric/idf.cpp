#include <cmath>
#include <set>
#include <stdexcept>
#include <string>

#include <hones/metric/idf.hpp>

namespace hones::metric {

void DocumentFrequency::add(std::span<const std::vector<std::int64_t>> references) {
  std::set<std::int64_t> seen;
  for (const auto& reference : references) seen.insert(reference.begin(), reference.end());
  if (!seen.empty() && (*seen.begin() < 0 || *seen.rbegin() >= static_cast<std::int64_t>(counts_.size()))) {
    throw std::invalid_argument("DocumentFrequency: an id is outside the vocabulary of " +
                                std::to_string(counts_.size()));
  }
  for (const std::int64_t id : seen) ++counts_[static_cast<std::size_t>(id)];
  ++instances_;
}

double DocumentFrequency::idf(std::int64_t id) const {
  const bool known = id >= 0 && id < static_cast<std::int64_t>(counts_.size());
  const std::int64_t df = known ? counts_[static_cast<std::size_t>(id)] : 0;
  return std::log(static_cast<double>(1 + instances_) / static_cast<double>(1 + df)) + 1;
}

}  // namespace hones::metric
