#include "pools.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/negatives.hpp>

namespace hones::benchmark {

namespace {

constexpr std::size_t kNegatives = 49;

using Progress = std::function<void(const std::string&)>;

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

// The pool of one split, and the queries' positives that are not in it.
class Pool {
 public:
  Pool(const std::vector<const Record*>& sources, const std::vector<const Record*>& queries,
       bool queries_in_pool, std::uint64_t seed)
      : seed_(seed) {
    for (const Record* record : sources) {
      for (const Caption& caption : record->captions) {
        position_[caption.id] = captions_.size();
        captions_.push_back(pool_caption(caption.id, record->image_id, caption.text));
      }
    }
    std::vector<std::string> documents;
    for (const PoolCaption& caption : captions_) documents.push_back(caption.text);
    for (const Record* record : queries) {
      if (queries_in_pool) break;
      const Caption& positive = positive_of(*record, seed_);
      position_[positive.id] = documents.size();
      documents.push_back(positive.text);
    }
    index_ = std::make_unique<TfIdf>(documents, captions_.size());
  }

  Query ask(const Record& record) const {
    const Caption& positive = positive_of(record, seed_);
    std::vector<std::string> own;
    for (const Caption& caption : record.captions) own.push_back(caption.text);
    const auto similarity = index_->similarities(position_.at(positive.id));
    const auto negatives = hard_negatives(record.image_id, own, captions_, similarity, kNegatives);
    if (negatives.size() < kNegatives) {
      throw DataError("split " + record.split + ": image " + record.image_id + " has only " +
                      std::to_string(negatives.size()) + " distinct negative captions in a pool of " +
                      grouped(static_cast<std::int64_t>(captions_.size())) +
                      ", 49 are needed: ask for a larger split" +
                      (record.split == "discovery" ? " or fewer queries" : ""));
    }
    Query query{
        record.image_id, record.file_name, positive.id, {{positive.id, record.image_id, positive.text}}, {}};
    for (const std::size_t at : negatives) {
      query.candidates.push_back({captions_[at].id, captions_[at].image_id, captions_[at].text});
    }
    order_candidates(query, seed_);
    return query;
  }

 private:
  std::uint64_t seed_;
  std::vector<PoolCaption> captions_;
  std::unordered_map<std::int64_t, std::size_t> position_;  // of a caption among the documents
  std::unique_ptr<TfIdf> index_;
};

std::vector<Query> ask_all(const Pool& pool, const std::vector<const Record*>& records,
                           const Progress& progress) {
  constexpr std::size_t kEvery = 500;
  std::vector<Query> queries;
  for (const Record* record : records) {
    queries.push_back(pool.ask(*record));
    if (progress && queries.size() % kEvery == 0) {
      progress("retrieval " + record->split + ": " + grouped(static_cast<std::int64_t>(queries.size())) +
               " of " + grouped(static_cast<std::int64_t>(records.size())) + " queries");
    }
  }
  return queries;
}

}  // namespace

std::int64_t default_queries(std::int64_t discovery) {
  return 2 * discovery / 7;
}

std::vector<Query> discovery_queries(const std::vector<Record>& records, std::int64_t queries,
                                     std::uint64_t seed, const Progress& progress) {
  if (queries == 0) return {};
  std::vector<std::pair<std::uint64_t, const Record*>> keyed;
  for (const Record& record : records) keyed.emplace_back(key(seed, "query", record.image_id), &record);
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, std::stoll(a.second->image_id)) <
           std::pair(b.first, std::stoll(b.second->image_id));
  });
  std::vector<const Record*> asking, sources;
  for (const auto& entry : keyed) {
    (static_cast<std::int64_t>(asking.size()) < queries ? asking : sources).push_back(entry.second);
  }
  return ask_all(Pool(sources, asking, false, seed), asking, progress);
}

std::vector<Query> all_queries(const std::vector<Record>& records, std::uint64_t seed,
                               const Progress& progress) {
  std::vector<const Record*> all;
  for (const Record& record : records) all.push_back(&record);
  return ask_all(Pool(all, all, true, seed), all, progress);
}

}  // namespace hones::benchmark
