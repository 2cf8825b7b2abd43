// The official metrics, each a pure function (docs/benchmark.md section 3). Values are in 0..1.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hones::metric {

// --- VQAv2 accuracy, section 3.1 -------------------------------------------------------------------------------
enum class VqaVariant { official, official_on_normalized_prediction, normalize_always };
std::string vqa_normalize(std::string_view text);
double vqa_accuracy(std::string_view prediction, std::span<const std::string> answers,
                    VqaVariant variant = VqaVariant::normalize_always);

// --- ANLS, section 3.4, variant rrc ----------------------------------------------------------------------------
double anls(std::string_view prediction, std::span<const std::string> references);

// --- BLEU-4, section 3.5 ---------------------------------------------------------------------------------------
// The ten integers from which every BLEU of an item or a multiset of items follows.
struct BleuCounts {
  std::array<std::int64_t, 4> guess{};
  std::array<std::int64_t, 4> correct{};
  std::int64_t hypothesis_length = 0;
  std::int64_t reference_length = 0;  // the closest, the shorter on a tie
  BleuCounts& operator+=(const BleuCounts& other);
};
// Strings are tokenised: split at white space, U+00A0 included.
BleuCounts bleu_counts(std::string_view hypothesis, std::span<const std::string> references);
// BLEU-1..4 of (a sum of) counts.
std::array<double, 4> bleu(const BleuCounts& counts);
// Tokenisation until the PTB tokenizer is here ("blanks"): lower-cased, final full stop dropped, split at blanks.
std::string tokenize_at_blanks(std::string_view caption);

// --- NDCG@5, section 3.6 ---------------------------------------------------------------------------------------
enum class TieRule { tie_average, index_order, pessimistic, optimistic };
// Throws std::invalid_argument for NaN scores or unequal lengths.
double ndcg(std::span<const double> scores, std::span<const int> relevance, int k = 5, TieRule ties = TieRule::tie_average);

// --- Retrieval score, section 3.7 ------------------------------------------------------------------------------
// log P(ids) over the whole vocabulary, in double, from float32 logits; several ids: the sum of their probabilities.
double log_probability(std::span<const float> logits, std::span<const std::int64_t> ids);

// --- IDF, section 7 --------------------------------------------------------------------------------------------
class DocumentFrequency {
 public:
  explicit DocumentFrequency(std::size_t vocabulary) : counts_(vocabulary, 0) {}
  // One instance: every id that any of its references contains counts once.
  void add(std::span<const std::vector<std::int64_t>> references);
  double idf(std::int64_t id) const;  // ln((1 + N)/(1 + df)) + 1; ids beyond the vocabulary have df 0
  std::int64_t instances() const { return instances_; }
  std::span<const std::int64_t> counts() const { return counts_; }

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t instances_ = 0;
};

}  // namespace hones::metric
