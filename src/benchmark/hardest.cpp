#include <limits>
#include <unordered_map>
#include <utility>

#include <hones/benchmark/hardest.hpp>

#include "cosine.hpp"

namespace hones::benchmark {

namespace {

using Positions = std::vector<std::size_t>;

std::vector<std::string> texts(const std::vector<Caption>& captions) {
  std::vector<std::string> texts;
  for (const Caption& caption : captions) texts.push_back(caption.text);
  return texts;
}

class ByWords : public Hardest {
 public:
  ByWords(std::span<const PoolCaption> pool, std::span<const Asked> queries) : pool_(pool) {
    std::vector<std::string> documents;
    const auto add = [&](std::int64_t id, const std::string& text) {
      if (position_.emplace(id, documents.size()).second) documents.push_back(text);
    };
    for (const PoolCaption& caption : pool) add(caption.id, caption.text);
    for (const Asked& query : queries) add(query.positive->id, query.positive->text);
    index_ = std::make_unique<TfIdf>(documents, pool.size());
  }

  std::vector<Positions> of(std::span<const Asked> queries, std::size_t count) const override {
    std::vector<Positions> chosen;
    for (const Asked& query : queries) {
      chosen.push_back(hard_negatives(query.record->image_id, texts(query.record->captions), pool_,
                                      index_->similarities(position_.at(query.positive->id)), count));
    }
    return chosen;
  }

 private:
  std::span<const PoolCaption> pool_;
  std::unordered_map<std::int64_t, std::size_t> position_;  // of a caption among the documents
  std::unique_ptr<TfIdf> index_;
};

class ByVectors : public Hardest {
 public:
  ByVectors(std::span<const PoolCaption> pool, std::shared_ptr<const Embeddings> embeddings, bool by_image)
      : pool_(pool),
        embeddings_(std::move(embeddings)),
        by_image_(by_image),
        unit_(embeddings_->captions.columns()) {
    for (const PoolCaption& caption : pool) unit_.add(embeddings_->captions.row(caption.id));
  }

  std::vector<Positions> of(std::span<const Asked> queries, std::size_t count) const override {
    std::vector<std::vector<double>> vectors;
    UnitRows units(embeddings_->captions.columns());
    for (const Asked& query : queries) {
      vectors.push_back(vector_of(query));
      units.add(vectors.back());
    }
    std::vector<float> similarity(queries.size() * pool_.size());
    products(units, unit_, similarity);
    std::vector<Positions> chosen;
    for (std::size_t q = 0; q < queries.size(); ++q) {
      chosen.push_back(decide(*queries[q].record, vectors[q],
                              std::span(similarity).subspan(q * pool_.size(), pool_.size()), count));
    }
    return chosen;
  }

 private:
  std::vector<double> vector_of(const Asked& query) const {
    if (!by_image_) return embeddings_->captions.row(query.positive->id);
    for (const Caption& caption : query.record->captions) {
      if (embeddings_->images->has(caption.id)) return embeddings_->images->row(caption.id);
    }
    return embeddings_->images->row(query.record->captions.front().id);  // throws, naming the matrix
  }

  // The fp32 products choose `count` captions; whoever is not farther below the last of them than both may be
  // wrong is looked at again in double, so that the choice is that of exact cosines.
  Positions decide(const Record& record, const std::vector<double>& vector, std::span<const float> products,
                   std::size_t count) const {
    const std::vector<std::string> own = texts(record.captions);
    const std::vector<double> rough(products.begin(), products.end());
    const Positions first = hard_negatives(record.image_id, own, pool_, rough, count);
    const double least = first.size() < count ? -std::numeric_limits<double>::infinity()
                                              : rough[first.back()] - 2 * product_error(vector.size());
    Positions near;
    std::vector<PoolCaption> captions;
    std::vector<double> exact;
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      if (rough[i] < least || pool_[i].image_id == record.image_id) continue;
      near.push_back(i);
      captions.push_back(pool_[i]);
      exact.push_back(cosine(vector, embeddings_->captions.row(pool_[i].id)));
    }
    Positions chosen = hard_negatives(record.image_id, own, captions, exact, count);
    for (std::size_t& at : chosen) at = near[at];
    return chosen;
  }

  std::span<const PoolCaption> pool_;
  std::shared_ptr<const Embeddings> embeddings_;
  bool by_image_;
  UnitRows unit_;  // of the pool
};

}  // namespace

std::unique_ptr<Hardest> hardest_by_words(std::span<const PoolCaption> pool, std::span<const Asked> queries) {
  return std::make_unique<ByWords>(pool, queries);
}

std::unique_ptr<Hardest> hardest_by_vectors(std::span<const PoolCaption> pool,
                                            std::shared_ptr<const Embeddings> embeddings, bool by_image) {
  return std::make_unique<ByVectors>(pool, std::move(embeddings), by_image);
}

}  // namespace hones::benchmark
