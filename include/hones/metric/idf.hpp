// IDF weights of open-ended targets (docs/benchmark.md 7).
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace hones::metric {

class DocumentFrequency {
 public:
  explicit DocumentFrequency(std::size_t vocabulary) : counts_(vocabulary, 0) {}
  // From counts that were summed over ranks.
  DocumentFrequency(std::vector<std::int64_t> counts, std::int64_t instances)
      : counts_(std::move(counts)), instances_(instances) {}

  // One instance: every id that any of its references contains counts once. Throws std::invalid_argument for
  // an id outside the vocabulary.
  void add(std::span<const std::vector<std::int64_t>> references);
  double idf(std::int64_t id) const;  // ln((1 + N)/(1 + df)) + 1; ids beyond the vocabulary have df 0
  std::int64_t instances() const { return instances_; }
  std::span<const std::int64_t> counts() const { return counts_; }

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t instances_ = 0;
};

}  // namespace hones::metric
