#include <algorithm>

#include <hones/plan/tally.hpp>

namespace hones::plan {

Tally& Tally::operator+=(const Tally& other) {
  Figures::operator+=(other);
  if (invalid_by_task.size() < other.invalid_by_task.size())
    invalid_by_task.resize(other.invalid_by_task.size(), 0);
  for (std::size_t t = 0; t < other.invalid_by_task.size(); ++t)
    invalid_by_task[t] += other.invalid_by_task[t];
  for (const Exclusion& exclusion : other.exclusions) {
    const auto same = [&](const Exclusion& e) {
      return e.task == exclusion.task && e.instance == exclusion.instance;
    };
    // An instance that is cut into several units is found by each of them.
    if (std::none_of(exclusions.begin(), exclusions.end(), same)) exclusions.push_back(exclusion);
  }
  return *this;
}

}  // namespace hones::plan
