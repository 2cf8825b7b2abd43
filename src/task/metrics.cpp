#include "metrics.hpp"

#include <array>

namespace hones::task {

namespace {

Score caption_score(const Item& item, const std::string& answer) {
  std::vector<std::string> references;
  for (const std::string& reference : item.references) references.push_back(metric::ptb_tokenize(reference));
  const metric::BleuCounts counts = metric::bleu_counts(metric::ptb_tokenize(answer), references);
  return {metric::bleu(counts)[3], counts};
}

constexpr std::array kMetrics{
    Metric{"vqa_accuracy:normalize_always",
           [](const Item& item, const std::string& answer) {
             return Score{metric::vqa_accuracy(answer, item.references), {}};
           }},
    Metric{"anls:rrc",
           [](const Item& item, const std::string& answer) {
             return Score{metric::anls(answer, item.references), {}};
           }},
    Metric{"bleu4:sentence", caption_score, true},
    Metric{"ndcg5:tie_average", nullptr},
};

}  // namespace

const Metric* find_metric(std::string_view name) {
  for (const Metric& metric : kMetrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

std::string known_metrics(bool ranks) {
  std::string names;
  for (const Metric& metric : kMetrics) {
    if (metric.ranks() == ranks) names += (names.empty() ? "" : ", ") + std::string(metric.name);
  }
  return names;
}

}  // namespace hones::task
