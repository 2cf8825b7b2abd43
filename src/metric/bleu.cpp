#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <hones/metric/bleu.hpp>
#include <hones/metric/unicode.hpp>

namespace hones::metric {

namespace {

constexpr std::size_t kOrders = 4;
// The scorer's only smoothing; a perfect score is therefore 0.99999999..., not 1.
constexpr double kTiny = 1e-15;
constexpr double kSmall = 1e-9;

// An n-gram is its words' numbers, -1 where it is shorter than four.
using Ngram = std::array<std::int32_t, kOrders>;
using NgramCounts = std::map<Ngram, std::int64_t>;

// Numbers words in the order of their first use.
class Vocabulary {
 public:
  std::vector<std::int32_t> ids(std::string_view text) {
    std::vector<std::int32_t> result;
    for (const std::string& word : split(text)) {
      result.push_back(ids_.emplace(word, static_cast<std::int32_t>(ids_.size())).first->second);
    }
    return result;
  }

 private:
  std::map<std::string, std::int32_t> ids_;
};

NgramCounts count_ngrams(const std::vector<std::int32_t>& words) {
  NgramCounts counts;
  for (std::size_t begin = 0; begin < words.size(); ++begin) {
    Ngram gram{-1, -1, -1, -1};
    for (std::size_t n = 0; n < kOrders && begin + n < words.size(); ++n) {
      gram[n] = words[begin + n];
      ++counts[gram];
    }
  }
  return counts;
}

std::size_t order(const Ngram& gram) {
  return static_cast<std::size_t>(std::find(gram.begin(), gram.end(), -1) - gram.begin());
}

bool closer(std::int64_t length, std::int64_t best, std::int64_t hypothesis) {
  const auto gap = std::abs(length - hypothesis), best_gap = std::abs(best - hypothesis);
  return gap < best_gap || (gap == best_gap && length < best);
}

}  // namespace

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  for (std::size_t n = 0; n < kOrders; ++n) {
    guess[n] += other.guess[n];
    correct[n] += other.correct[n];
  }
  hypothesis_length += other.hypothesis_length;
  reference_length += other.reference_length;
  return *this;
}

BleuCounts bleu_counts(std::string_view hypothesis, std::span<const std::string> references) {
  if (references.empty()) throw std::invalid_argument("bleu_counts: no references");
  Vocabulary vocabulary;
  const std::vector<std::int32_t> said = vocabulary.ids(hypothesis);
  BleuCounts counts;
  counts.hypothesis_length = static_cast<std::int64_t>(said.size());
  NgramCounts most;  // over references
  for (std::size_t r = 0; r < references.size(); ++r) {
    const std::vector<std::int32_t> words = vocabulary.ids(references[r]);
    const auto length = static_cast<std::int64_t>(words.size());
    if (r == 0 || closer(length, counts.reference_length, counts.hypothesis_length))
      counts.reference_length = length;
    for (const auto& [gram, count] : count_ngrams(words)) most[gram] = std::max(most[gram], count);
  }
  for (std::size_t n = 0; n < kOrders; ++n) {
    counts.guess[n] = std::max<std::int64_t>(0, counts.hypothesis_length - static_cast<std::int64_t>(n));
  }
  for (const auto& [gram, count] : count_ngrams(said)) {
    const auto found = most.find(gram);
    if (found != most.end()) counts.correct[order(gram) - 1] += std::min(count, found->second);
  }
  return counts;
}

std::array<double, 4> bleu(const BleuCounts& counts) {
  std::array<double, 4> values{};
  double product = 1;
  for (std::size_t n = 0; n < kOrders; ++n) {
    product *=
        (static_cast<double>(counts.correct[n]) + kTiny) / (static_cast<double>(counts.guess[n]) + kSmall);
    values[n] = std::pow(product, 1.0 / static_cast<double>(n + 1));
  }
  const double ratio = (static_cast<double>(counts.hypothesis_length) + kTiny) /
                       (static_cast<double>(counts.reference_length) + kSmall);
  if (ratio < 1) {
    for (double& value : values) value *= std::exp(1 - 1 / ratio);
  }
  return values;
}

}  // namespace hones::metric
