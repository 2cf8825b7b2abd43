// Retrieval queries with their 50 candidates (docs/benchmark.md 2.5).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <hones/benchmark/embeddings.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

// floor(2 * images / 7): 2,000 of 7,000.
std::int64_t default_queries(std::int64_t images);

// Asks the queries of all splits of one benchmark.
class Asking {
 public:
  // Reads the embeddings, where there are some. Throws DataError for a malformed file, and where vectors of
  // pictures are wanted and there are none.
  Asking(const NegativeOptions& options, std::uint64_t seed,
         std::function<void(const std::string&)> progress);

  // `queries` images of the split ask, the captions of all others are the pool. In the order of the key
  // `query`. Throws DataError naming the split when a query has fewer than 49 negatives, and the file,
  // caption and image that has no vector.
  std::vector<Query> disjoint(const std::vector<Record>& records, std::int64_t queries) const;

  // Every image of the split asks, its pool are the captions of all other images of the split. In split
  // order.
  std::vector<Query> all(const std::vector<Record>& records) const;

  // "negatives", "candidates" and, where there are embeddings, what made them.
  nlohmann::ordered_json manifest() const;

 private:
  std::vector<Query> ask(const std::vector<const Record*>& sources,
                         const std::vector<const Record*>& asking) const;

  NegativeOptions options_;
  std::uint64_t seed_;
  std::function<void(const std::string&)> progress_;
  std::shared_ptr<const Embeddings> embeddings_;  // null: TF-IDF
};

}  // namespace hones::benchmark
