#include "pools.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/hardest.hpp>
#include <hones/benchmark/negatives.hpp>

#include "manifest.hpp"

namespace hones::benchmark {

namespace {

constexpr std::size_t kNegatives = 49;
constexpr std::size_t kBlock = 32;  // queries that meet the pool together

const Caption& positive_of(const Record& record, std::uint64_t seed) {
  const std::string purpose = "positive|" + record.image_id;
  const auto key_of = [&](const Caption& c) {
    return std::pair(key(seed, purpose, std::to_string(c.id)), c.id);
  };
  return *std::min_element(record.captions.begin(), record.captions.end(),
                           [&](const Caption& a, const Caption& b) { return key_of(a) < key_of(b); });
}

// By key `cand|IMAGE`, so that the position says nothing.
void order_candidates(Query& query, std::uint64_t seed) {
  const std::string purpose = "cand|" + query.image_id;
  const auto key_of = [&](const Candidate& c) {
    return std::pair(key(seed, purpose, std::to_string(c.caption_id)), c.caption_id);
  };
  std::sort(query.candidates.begin(), query.candidates.end(),
            [&](const Candidate& a, const Candidate& b) { return key_of(a) < key_of(b); });
}

Query query_of(const Asked& asked, const std::vector<PoolCaption>& pool,
               const std::vector<std::size_t>& negatives, std::uint64_t seed) {
  const Record& record = *asked.record;
  if (negatives.size() < kNegatives) {
    throw DataError("split " + record.split + ": image " + record.image_id + " has only " +
                    std::to_string(negatives.size()) + " distinct negative captions in a pool of " +
                    grouped(static_cast<std::int64_t>(pool.size())) +
                    ", 49 are needed: ask for a larger split" +
                    (record.split == "discovery" ? " or fewer queries" : ""));
  }
  Query query;
  query.image_id = record.image_id;
  query.positive = asked.positive->id;
  query.candidates.push_back({query.positive, record.image_id, asked.positive->text});
  for (const std::size_t at : negatives)
    query.candidates.push_back({pool[at].id, pool[at].image_id, pool[at].text});
  order_candidates(query, seed);
  return query;
}

}  // namespace

std::int64_t default_queries(std::int64_t images) {
  return 2 * images / 7;
}

Asking::Asking(const NegativeOptions& options, std::uint64_t seed,
               std::function<void(const std::string&)> progress)
    : options_(options), seed_(seed), progress_(std::move(progress)) {
  if (options_.embeddings.empty()) return;
  embeddings_ = std::make_shared<const Embeddings>(read_embeddings(options_.embeddings));
  if (options_.by_image && !embeddings_->images) {
    throw DataError(options_.embeddings.string() +
                    ": no vectors of pictures, which --embed image needs (tools/embed_captions.py --clip)");
  }
}

std::vector<Query> Asking::ask(const std::vector<const Record*>& sources,
                               const std::vector<const Record*>& asking) const {
  if (asking.empty()) return {};
  std::vector<PoolCaption> pool;
  for (const Record* record : sources) {
    for (const Caption& caption : record->captions)
      pool.push_back(pool_caption(caption.id, record->image_id, caption.text));
  }
  std::vector<Asked> asked;
  for (const Record* record : asking) asked.push_back({record, &positive_of(*record, seed_)});
  const auto hardest =
      embeddings_ ? hardest_by_vectors(pool, embeddings_, options_.by_image) : hardest_by_words(pool, asked);
  std::vector<Query> queries;
  for (std::size_t begin = 0; begin < asked.size(); begin += kBlock) {
    const auto block = std::span(asked).subspan(begin, std::min(kBlock, asked.size() - begin));
    const auto negatives = hardest->of(block, kNegatives);
    for (std::size_t q = 0; q < block.size(); ++q)
      queries.push_back(query_of(block[q], pool, negatives[q], seed_));
    if (begin / kBlock % 16 == 15 && progress_) {
      progress_("retrieval " + asking.front()->split + ": " +
                grouped(static_cast<std::int64_t>(queries.size())) + " of " +
                grouped(static_cast<std::int64_t>(asked.size())) + " queries");
    }
  }
  return queries;
}

std::vector<Query> Asking::disjoint(const std::vector<Record>& records, std::int64_t queries) const {
  std::vector<std::pair<std::uint64_t, const Record*>> keyed;
  for (const Record& record : records) keyed.emplace_back(key(seed_, "query", record.image_id), &record);
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, std::stoll(a.second->image_id)) <
           std::pair(b.first, std::stoll(b.second->image_id));
  });
  std::vector<const Record*> asking, sources;
  for (const auto& entry : keyed) {
    (static_cast<std::int64_t>(asking.size()) < queries ? asking : sources).push_back(entry.second);
  }
  return ask(sources, asking);
}

std::vector<Query> Asking::all(const std::vector<Record>& records) const {
  std::vector<const Record*> all;
  for (const Record& record : records) all.push_back(&record);
  return ask(all, all);
}

nlohmann::ordered_json Asking::manifest() const {
  nlohmann::ordered_json json = {{"negatives", embeddings_ ? "embeddings" : "tfidf"},
                                 {"candidates", kNegatives + 1}};
  if (!embeddings_) return json;
  json["embed"] = options_.by_image ? "image" : "text";
  json["columns"] = embeddings_->captions.columns();
  if (!embeddings_->model.empty()) json["model"] = embeddings_->model;
  for (const std::filesystem::path& input : embeddings_->inputs) json["inputs"].push_back(input_json(input));
  return json;
}

}  // namespace hones::benchmark
