#include <algorithm>
#include <array>

#include <hones/metric/anls.hpp>
#include <hones/metric/bleu.hpp>
#include <hones/metric/gqa.hpp>
#include <hones/metric/named.hpp>
#include <hones/metric/ptb.hpp>
#include <hones/metric/textvqa.hpp>
#include <hones/metric/vqa.hpp>

namespace hones::metric {

namespace {

using References = std::span<const std::string>;
using enum Named::Compares;

template <VqaVariant kVariant>
double vqa(std::string_view prediction, References answers) {
  return vqa_accuracy(prediction, answers, kVariant);
}

template <GqaVariant kVariant>
double gqa(std::string_view prediction, References answers) {
  return gqa_accuracy(prediction, answers.front(), kVariant);
}

template <AnlsVariant kVariant>
double anls_of(std::string_view prediction, References references) {
  return anls(prediction, references, kVariant);
}

// In the order of bleu_counts in files: guess 1-4, correct 1-4, hypothesis length, reference length.
std::vector<std::int64_t> bleu_counts_of(std::string_view prediction, References captions) {
  std::vector<std::string> references;
  for (const std::string& caption : captions) references.push_back(ptb_tokenize(caption));
  const BleuCounts counts = bleu_counts(ptb_tokenize(prediction), references);
  std::vector<std::int64_t> all(counts.guess.begin(), counts.guess.end());
  all.insert(all.end(), counts.correct.begin(), counts.correct.end());
  all.insert(all.end(), {counts.hypothesis_length, counts.reference_length});
  return all;
}

double bleu4_of(std::span<const std::int64_t> sums) {
  BleuCounts counts;
  std::copy_n(sums.begin(), counts.guess.size(), counts.guess.begin());
  std::copy_n(sums.begin() + 4, counts.correct.size(), counts.correct.begin());
  counts.hypothesis_length = sums[8];
  counts.reference_length = sums[9];
  return bleu(counts)[3];
}

constexpr Counts kBleu{.dataset = "bleu_counts",
                       .size = 10,
                       .metric = "bleu4:corpus",
                       .key = "corpus_bleu4",
                       .title = "corpus BLEU-4",
                       .of = bleu_counts_of,
                       .value = bleu4_of};

constexpr Named answers_of(std::string_view name, double (*value)(std::string_view, References),
                           std::size_t references = 0) {
  return {.name = name, .compares = answers, .value = value, .references = references};
}
constexpr Named texts_of(std::string_view name, double (*value)(std::string_view, References),
                         bool empty_references = true) {
  return {.name = name, .compares = texts, .value = value, .empty_references = empty_references};
}
constexpr Named captions_of(std::string_view name, bool corpus, bool lines) {
  return {.name = name, .compares = captions, .corpus = corpus, .lines = lines, .counts = &kBleu};
}
constexpr Named ranking_of(std::string_view name, TieRule ties) {
  return {.name = name, .compares = ranking, .ties = ties};
}

constexpr std::array kNamed{
    answers_of("vqa_accuracy:normalize_always", vqa<VqaVariant::normalize_always>),
    answers_of("vqa_accuracy:official", vqa<VqaVariant::official>),
    answers_of("vqa_accuracy:official_on_normalized_prediction",
               vqa<VqaVariant::official_on_normalized_prediction>),
    answers_of("textvqa_accuracy", textvqa_accuracy, 10),
    answers_of("gqa_accuracy:after_trim_dot_lower", gqa<GqaVariant::after_trim_dot_lower>, 1),
    answers_of("gqa_accuracy:official", gqa<GqaVariant::official>, 1),
    texts_of("anls:rrc", anls_of<AnlsVariant::rrc>),
    texts_of("anls:stvqa_m4c", anls_of<AnlsVariant::stvqa_m4c>, false),
    texts_of("anls:mp_docvqa", anls_of<AnlsVariant::mp_docvqa>),
    texts_of("anls:alnum_only", anls_of<AnlsVariant::alnum_only>),
    captions_of("bleu4:corpus", true, true),
    captions_of("bleu4:corpus:single", true, false),
    captions_of("bleu4:sentence", false, false),
    captions_of("bleu4:sentence:lines", false, true),
    ranking_of("ndcg5:tie_average", TieRule::tie_average),
    ranking_of("ndcg5:index_order", TieRule::index_order),
    ranking_of("ndcg5:pessimistic", TieRule::pessimistic),
    ranking_of("ndcg5:optimistic", TieRule::optimistic),
};

}  // namespace

std::span<const Named> named_metrics() {
  return kNamed;
}

const Named* find_named(std::string_view name) {
  for (const Named& metric : kNamed) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

const Counts* counts_of(std::string_view name) {
  const Named* metric = find_named(name);
  return metric ? metric->counts : nullptr;
}

}  // namespace hones::metric
