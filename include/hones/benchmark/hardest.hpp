// Two ways to find a query's hardest negatives in a pool of captions.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <hones/benchmark/embeddings.hpp>
#include <hones/benchmark/negatives.hpp>
#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

struct Asked {
  const Record* record = nullptr;
  const Caption* positive = nullptr;
};

// Keeps a reference to the pool.
class Hardest {
 public:
  virtual ~Hardest() = default;
  // For each query the positions in the pool of the `count` hardest negatives, hardest first; fewer where the
  // pool has no more.
  virtual std::vector<std::vector<std::size_t>> of(std::span<const Asked> queries,
                                                   std::size_t count) const = 0;
};

// Documents are the pool's captions and the positives of `queries` that are not among them.
std::unique_ptr<Hardest> hardest_by_words(std::span<const PoolCaption> pool, std::span<const Asked> queries);

// By the cosine with the positive's vector, or with the picture's. Throws DataError naming the caption that
// has no vector.
std::unique_ptr<Hardest> hardest_by_vectors(std::span<const PoolCaption> pool,
                                            std::shared_ptr<const Embeddings> embeddings, bool by_image);

}  // namespace hones::benchmark
