#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <hones/metric/ndcg.hpp>

namespace hones::metric {

namespace {

double gain(int relevance) {
  return std::exp2(relevance) - 1;
}

// Of the position counted from 0; positions from k on count nothing.
double discount(std::size_t position, int k) {
  return static_cast<std::int64_t>(position) < k ? 1 / std::log2(static_cast<double>(position) + 2) : 0;
}

double dcg(std::span<const int> ranked, int k) {
  double sum = 0;
  for (std::size_t i = 0; i < ranked.size(); ++i) sum += gain(ranked[i]) * discount(i, k);
  return sum;
}

// Expected DCG under a random order of tied candidates: a tied block spreads its discounts evenly over its
// members.
double expected_dcg(std::span<const double> sorted_scores, std::span<const int> ranked, int k) {
  double sum = 0;
  for (std::size_t begin = 0; begin < ranked.size();) {
    std::size_t end = begin;
    double gains = 0, discounts = 0;
    for (; end < ranked.size() && sorted_scores[end] == sorted_scores[begin]; ++end) {
      gains += gain(ranked[end]);
      discounts += discount(end, k);
    }
    sum += gains * discounts / static_cast<double>(end - begin);
    begin = end;
  }
  return sum;
}

}  // namespace

double ndcg(std::span<const double> scores, std::span<const int> relevance, int k, TieRule ties) {
  if (scores.size() != relevance.size())
    throw std::invalid_argument("ndcg: as many scores as relevances are needed");
  if (std::any_of(scores.begin(), scores.end(), [](double s) { return std::isnan(s); })) {
    throw std::invalid_argument("ndcg: a score is NaN");
  }
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (scores[a] != scores[b]) return scores[a] > scores[b];
    if (ties == TieRule::optimistic) return relevance[a] > relevance[b];
    if (ties == TieRule::pessimistic) return relevance[a] < relevance[b];
    return false;  // stable: index order
  });
  std::vector<double> sorted_scores;
  std::vector<int> ranked;
  for (const std::size_t i : order) {
    sorted_scores.push_back(scores[i]);
    ranked.push_back(relevance[i]);
  }
  std::vector<int> ideal(relevance.begin(), relevance.end());
  std::sort(ideal.begin(), ideal.end(), std::greater<>());
  const double best = dcg(ideal, k);
  if (best <= 0) return 0;
  return (ties == TieRule::tie_average ? expected_dcg(sorted_scores, ranked, k) : dcg(ranked, k)) / best;
}

bool has_ties(std::span<const double> scores) {
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

}  // namespace hones::metric
