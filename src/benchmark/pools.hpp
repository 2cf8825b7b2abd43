// Retrieval queries with their 50 candidates (docs/benchmark.md 2.5), negatives by TF-IDF.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

// floor(2 * discovery / 7): 2,000 of 7,000.
std::int64_t default_queries(std::int64_t discovery);

// `queries` images of the split ask, the captions of all others are the pool. In the order of the key
// `query`. Throws DataError naming the split when a query has fewer than 49 negatives.
std::vector<Query> discovery_queries(const std::vector<Record>& records, std::int64_t queries,
                                     std::uint64_t seed,
                                     const std::function<void(const std::string&)>& progress);

// Every image of the split asks, its pool are the captions of all other images of the split. In split order.
std::vector<Query> all_queries(const std::vector<Record>& records, std::uint64_t seed,
                               const std::function<void(const std::string&)>& progress);

}  // namespace hones::benchmark
