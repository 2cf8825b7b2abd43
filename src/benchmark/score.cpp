#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>

#include <hones/base/error.hpp>
#include <hones/benchmark/score.hpp>
#include <hones/metric/metric.hpp>

#include "score_files.hpp"

namespace hones::benchmark {

namespace {

using Pairs = std::vector<ScoredPair>;

ScoreReport mean_of(const Pairs& pairs, const std::function<double(const ScoredPair&)>& value) {
  ScoreReport report;
  for (const ScoredPair& pair : pairs) {
    report.items.push_back({pair.id, value(pair)});
    report.value += report.items.back().value;
  }
  report.value /= static_cast<double>(pairs.size());
  return report;
}

ScoreReport vqa(const Pairs& pairs, metric::VqaVariant variant) {
  ScoreReport report = mean_of(pairs, [&](const ScoredPair& pair) {
    return metric::vqa_accuracy(pair.prediction, pair.references, variant);
  });
  std::vector<metric::VqaScored> typed;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    typed.push_back({report.items[i].value, pairs[i].question_type, pairs[i].answer_type});
  const metric::VqaReport types = metric::vqa_report(typed);
  const auto add = [&](const std::string& of, const std::map<std::string, double>& means) {
    for (const auto& [name, mean] : means) {
      if (!name.empty()) report.parts[of + name] = mean;
    }
  };
  add("answer_type:", types.by_answer_type);
  add("question_type:", types.by_question_type);
  return report;
}

ScoreReport textvqa(const Pairs& pairs) {
  return mean_of(pairs, [](const ScoredPair& pair) {
    if (pair.references.size() != 10) {
      throw DataError(pair.where + ": field \"answers\": expected 10 answers, found " +
                      std::to_string(pair.references.size()));
    }
    return metric::textvqa_accuracy(pair.prediction, pair.references);
  });
}

// The value is the mean over balanced questions, as the official one.
ScoreReport gqa(const Pairs& pairs, metric::GqaVariant variant) {
  ScoreReport report = mean_of(pairs, [&](const ScoredPair& pair) {
    if (pair.references.size() != 1)
      throw DataError(pair.where + ": field \"answers\": expected the one answer, found " +
                      std::to_string(pair.references.size()));
    return metric::gqa_accuracy(pair.prediction, pair.references.front(), variant);
  });
  std::vector<metric::GqaScored> typed;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    typed.push_back({report.items[i].value, pairs[i].structural, pairs[i].balanced});
  const metric::GqaReport types = metric::gqa_report(typed);
  if (types.questions == 0) throw DataError(pairs.front().where + ": no question has isBalanced true");
  report.value = types.overall;
  const bool known = std::any_of(pairs.begin(), pairs.end(),
                                 [](const ScoredPair& pair) { return !pair.structural.empty(); });
  if (known) report.parts = {{"binary", types.binary}, {"open", types.open}};
  return report;
}

ScoreReport anls(const Pairs& pairs, metric::AnlsVariant variant) {
  return mean_of(pairs, [&](const ScoredPair& pair) {
    const double value = metric::anls(pair.prediction, pair.references, variant);
    if (std::isnan(value))
      throw DataError(pair.where +
                      ": prediction and reference are both empty, where this variant divides by "
                      "zero: use anls:rrc");
    return value;
  });
}

ScoreReport ndcg(const Pairs& pairs, metric::TieRule ties) {
  constexpr int kCutOff = 5;
  std::int64_t tied = 0;
  ScoreReport report = mean_of(pairs, [&](const ScoredPair& pair) {
    if (metric::has_ties(pair.scores)) ++tied;
    return metric::ndcg(pair.scores, pair.relevance, kCutOff, ties);
  });
  report.parts["queries_with_ties"] = static_cast<double>(tied);
  return report;
}

enum class Level { corpus, sentence };
enum class Context { lines, single };

// All texts through the tokenizer, in the order in which the caption evaluation writes them.
std::vector<std::string> tokenized(const std::vector<std::string>& captions, Context context) {
  if (context == Context::lines) return metric::ptb_tokenize_lines(captions);
  std::vector<std::string> result;
  for (const std::string& caption : captions) result.push_back(metric::ptb_tokenize(caption));
  return result;
}

ScoreReport bleu(const Pairs& pairs, Level level, Context context) {
  std::vector<std::string> hypotheses, references;
  for (const ScoredPair& pair : pairs) {
    hypotheses.push_back(pair.prediction);
    references.insert(references.end(), pair.references.begin(), pair.references.end());
  }
  hypotheses = tokenized(hypotheses, context);
  references = tokenized(references, context);
  metric::BleuCounts sum;
  std::span<const std::string> rest(references);
  std::size_t at = 0;
  ScoreReport report = mean_of(pairs, [&](const ScoredPair& pair) {
    const auto own = rest.first(pair.references.size());
    rest = rest.subspan(pair.references.size());
    const metric::BleuCounts counts = metric::bleu_counts(hypotheses[at++], own);
    sum += counts;
    return metric::bleu(counts)[3];
  });
  const std::array<double, 4> corpus = metric::bleu(sum);
  for (std::size_t n = 0; n < corpus.size(); ++n)
    report.parts["corpus_bleu" + std::to_string(n + 1)] = corpus[n];
  if (level == Level::corpus) report.value = corpus[3];
  return report;
}

struct Scorer {
  std::string name;
  ScoreFields fields;
  std::function<ScoreReport(const Pairs&)> score;
};

template <typename Variant>
Scorer of(const char* name, const ScoreFields& fields, ScoreReport (*scorer)(const Pairs&, Variant),
          Variant variant) {
  return {name, fields, [=](const Pairs& pairs) { return scorer(pairs, variant); }};
}

Scorer of_captions(const char* name, Level level, Context context) {
  return {name, {}, [=](const Pairs& pairs) { return bleu(pairs, level, context); }};
}

const std::vector<Scorer>& scorers() {
  using enum metric::VqaVariant;
  using Gqa = metric::GqaVariant;
  using Anls = metric::AnlsVariant;
  using Ties = metric::TieRule;
  constexpr ScoreFields kAnswers{"prediction", "answers"}, kTexts{}, kRanked{"scores", "relevance"};
  static const std::vector<Scorer> all = {
      of("vqa_accuracy:normalize_always", kAnswers, vqa, normalize_always),
      of("vqa_accuracy:official", kAnswers, vqa, official),
      of("vqa_accuracy:official_on_normalized_prediction", kAnswers, vqa, official_on_normalized_prediction),
      {"textvqa_accuracy", kAnswers, textvqa},
      of("gqa_accuracy:after_trim_dot_lower", kAnswers, gqa, Gqa::after_trim_dot_lower),
      of("gqa_accuracy:official", kAnswers, gqa, Gqa::official),
      of("anls:rrc", kTexts, anls, Anls::rrc),
      of("anls:stvqa_m4c", kTexts, anls, Anls::stvqa_m4c),
      of("anls:mp_docvqa", kTexts, anls, Anls::mp_docvqa),
      of("anls:alnum_only", kTexts, anls, Anls::alnum_only),
      of_captions("bleu4:corpus", Level::corpus, Context::lines),
      of_captions("bleu4:corpus:single", Level::corpus, Context::single),
      of_captions("bleu4:sentence", Level::sentence, Context::single),
      of_captions("bleu4:sentence:lines", Level::sentence, Context::lines),
      of("ndcg5:tie_average", kRanked, ndcg, Ties::tie_average),
      of("ndcg5:index_order", kRanked, ndcg, Ties::index_order),
      of("ndcg5:pessimistic", kRanked, ndcg, Ties::pessimistic),
      of("ndcg5:optimistic", kRanked, ndcg, Ties::optimistic),
  };
  return all;
}

}  // namespace

const std::vector<std::string>& score_metrics() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Scorer& scorer : scorers()) result.push_back(scorer.name);
    return result;
  }();
  return names;
}

ScoreReport score(const std::string& metric, const std::filesystem::path& predictions,
                  const std::filesystem::path& references) {
  const auto scorer =
      std::find_if(scorers().begin(), scorers().end(), [&](const Scorer& one) { return one.name == metric; });
  if (scorer == scorers().end()) {
    std::string known;
    for (const std::string& name : score_metrics()) known += (known.empty() ? "" : ", ") + name;
    throw UsageError("metric " + metric + " is not known: expected one of " + known);
  }
  return scorer->score(read_scored(predictions, references, scorer->fields));
}

}  // namespace hones::benchmark
