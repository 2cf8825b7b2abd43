#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/benchmark/clean.hpp>
#include <hones/benchmark/negatives.hpp>
#include <hones/metric/unicode.hpp>

namespace hones::benchmark {

PoolCaption pool_caption(std::int64_t id, std::string image_id, std::string text) {
  std::string folded = fold_caption(text);
  return {id, std::move(image_id), std::move(text), std::move(folded)};
}

std::vector<std::size_t> hard_negatives(const std::string& query_image,
                                        std::span<const std::string> own_captions,
                                        std::span<const PoolCaption> pool, std::span<const double> similarity,
                                        std::size_t count) {
  HONES_ASSERT(pool.size() == similarity.size(), std::to_string(pool.size()) + " captions, " +
                                                     std::to_string(similarity.size()) + " similarities");
  std::unordered_set<std::string> used;  // the query's own captions, then what was taken
  for (const std::string& caption : own_captions) used.insert(fold_caption(caption));
  // (-rounded similarity, id, position): the least comes first. A heap, because 49 of 25,000 are wanted.
  using Entry = std::tuple<double, std::int64_t, std::size_t>;
  std::vector<Entry> heap;
  heap.reserve(pool.size());
  for (std::size_t i = 0; i < pool.size(); ++i) {
    if (pool[i].image_id != query_image)
      heap.emplace_back(-std::nearbyint(similarity[i] * 1e12), pool[i].id, i);
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  std::vector<std::size_t> chosen;
  while (chosen.size() < count && !heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const std::size_t at = std::get<std::size_t>(heap.back());
    heap.pop_back();
    if (used.insert(pool[at].folded).second) chosen.push_back(at);
  }
  return chosen;
}

namespace {

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> result;
  std::u32string word;
  const auto end_word = [&] {
    if (!word.empty()) result.push_back(metric::utf8(word));
    word.clear();
  };
  for (const char32_t c : metric::code_points(metric::lower(text))) {
    if (metric::is_letter_or_digit(c)) {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  return result;
}

}  // namespace

TfIdf::TfIdf(std::span<const std::string> documents, std::size_t pool) : pool_(pool) {
  HONES_ASSERT(pool <= documents.size(), std::to_string(pool) + " of " + std::to_string(documents.size()));
  std::unordered_map<std::string, std::size_t> terms;  // numbered by first use
  std::vector<std::int64_t> df;
  for (const std::string& document : documents) {
    std::map<std::size_t, double> counts;
    for (const std::string& word : words(document))
      counts[terms.emplace(word, terms.size()).first->second] += 1;
    df.resize(terms.size(), 0);
    std::vector<Weight>& weights = documents_.emplace_back();
    for (const auto& [term, count] : counts) {
      weights.push_back({term, count});
      ++df[term];
    }
  }
  postings_.resize(terms.size());
  const auto n = static_cast<double>(documents.size());
  for (std::size_t d = 0; d < documents_.size(); ++d) {
    double squares = 0;
    for (Weight& weight : documents_[d]) {
      weight.value *= std::log((1 + n) / static_cast<double>(1 + df[weight.index])) + 1;
      squares += weight.value * weight.value;
      if (d < pool_) postings_[weight.index].push_back({d, weight.value});
    }
    norms_.push_back(std::sqrt(squares));
  }
}

std::vector<double> TfIdf::similarities(std::size_t document) const {
  std::vector<double> dots(pool_, 0.0);
  for (const Weight& weight : documents_.at(document)) {
    for (const Weight& posting : postings_[weight.index]) dots[posting.index] += weight.value * posting.value;
  }
  for (std::size_t d = 0; d < pool_; ++d) {
    const double norms = norms_[document] * norms_[d];
    dots[d] = norms > 0 ? dots[d] / norms : 0;
  }
  return dots;
}

}  // namespace hones::benchmark
