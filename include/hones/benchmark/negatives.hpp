// Hard negatives of retrieval (docs/benchmark.md 2.5).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hones::benchmark {

struct PoolCaption {
  std::int64_t id = 0;
  std::string image_id;
  std::string text;    // raw
  std::string folded;  // fold_caption(text)
};
PoolCaption pool_caption(std::int64_t id, std::string image_id, std::string text);

// Positions in the pool of the `count` hardest captions, hardest first: similarity rounded to 12 decimals,
// then caption id. Captions of the query's image and texts equal to one of `own_captions` (folded) are
// dropped, each distinct text is used once. Fewer than `count` when the pool has no more.
std::vector<std::size_t> hard_negatives(const std::string& query_image,
                                        std::span<const std::string> own_captions,
                                        std::span<const PoolCaption> pool, std::span<const double> similarity,
                                        std::size_t count);

// Cosine of TF-IDF vectors over word unigrams, for a benchmark without embeddings: words are runs of letters
// and digits, lower-cased; weight = count * (ln((1 + n)/(1 + df)) + 1), n and df over all documents given.
class TfIdf {
 public:
  // The first `pool` documents are what queries are compared with.
  TfIdf(std::span<const std::string> documents, std::size_t pool);
  // Similarity of a document (any of the given) with each document of the pool; 0 where either has no words.
  std::vector<double> similarities(std::size_t document) const;

 private:
  struct Weight {
    std::size_t index;  // a term in a document's list, a document in a term's
    double value;
  };
  std::vector<std::vector<Weight>> documents_;  // by ascending term
  std::vector<std::vector<Weight>> postings_;   // of each term, in the pool
  std::vector<double> norms_;
  std::size_t pool_;
};

}  // namespace hones::benchmark
