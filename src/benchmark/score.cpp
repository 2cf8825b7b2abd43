#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>

#include <hones/base/error.hpp>
#include <hones/benchmark/score.hpp>
#include <hones/metric/metric.hpp>
#include <hones/metric/named.hpp>

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

// Where a metric asks for a certain number of references, or for such that are not empty.
double value_of(const metric::Named& named, const ScoredPair& pair) {
  if (named.references > 0 && pair.references.size() != named.references) {
    throw DataError(pair.where + ": field \"answers\": expected " + std::to_string(named.references) +
                    " answer(s), found " + std::to_string(pair.references.size()));
  }
  const double value = named.value(pair.prediction, pair.references);
  if (std::isnan(value)) {
    throw DataError(pair.where +
                    ": prediction and reference are both empty, where this variant divides by zero: use "
                    "anls:rrc");
  }
  return value;
}

ScoreReport answers(const Pairs& pairs, const metric::Named& named) {
  return mean_of(pairs, [&](const ScoredPair& pair) { return value_of(named, pair); });
}

ScoreReport vqa(const Pairs& pairs, const metric::Named& named) {
  ScoreReport report = answers(pairs, named);
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

// The value is the mean over balanced questions, as the official one.
ScoreReport gqa(const Pairs& pairs, const metric::Named& named) {
  ScoreReport report = answers(pairs, named);
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

ScoreReport ndcg(const Pairs& pairs, const metric::Named& named) {
  std::int64_t tied = 0;
  ScoreReport report = mean_of(pairs, [&](const ScoredPair& pair) {
    if (metric::has_ties(pair.scores)) ++tied;
    return metric::ndcg(pair.scores, pair.relevance, metric::kCutOff, named.ties);
  });
  report.parts["queries_with_ties"] = static_cast<double>(tied);
  return report;
}

// All texts through the tokenizer, in the order in which the caption evaluation writes them.
std::vector<std::string> tokenized(const std::vector<std::string>& captions, bool lines) {
  if (lines) return metric::ptb_tokenize_lines(captions);
  std::vector<std::string> result;
  for (const std::string& caption : captions) result.push_back(metric::ptb_tokenize(caption));
  return result;
}

ScoreReport bleu(const Pairs& pairs, const metric::Named& named) {
  std::vector<std::string> hypotheses, references;
  for (const ScoredPair& pair : pairs) {
    hypotheses.push_back(pair.prediction);
    references.insert(references.end(), pair.references.begin(), pair.references.end());
  }
  hypotheses = tokenized(hypotheses, named.lines);
  references = tokenized(references, named.lines);
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
  if (named.corpus) report.value = corpus[3];
  return report;
}

ScoreReport report_of(const Pairs& pairs, const metric::Named& named) {
  switch (named.compares) {
    case metric::Named::Compares::captions:
      return bleu(pairs, named);
    case metric::Named::Compares::ranking:
      return ndcg(pairs, named);
    case metric::Named::Compares::texts:
      return answers(pairs, named);
    case metric::Named::Compares::answers:
      break;
  }
  if (named.name.starts_with("vqa_accuracy:")) return vqa(pairs, named);
  return named.name.starts_with("gqa_accuracy:") ? gqa(pairs, named) : answers(pairs, named);
}

// What the lines of both files hold.
ScoreFields fields_of(const metric::Named& named) {
  switch (named.compares) {
    case metric::Named::Compares::answers:
      return {"prediction", "answers"};
    case metric::Named::Compares::ranking:
      return {"scores", "relevance"};
    default:
      return {};
  }
}

}  // namespace

const std::vector<std::string>& score_metrics() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const metric::Named& named : metric::named_metrics()) result.emplace_back(named.name);
    return result;
  }();
  return names;
}

ScoreReport score(const std::string& metric, const std::filesystem::path& predictions,
                  const std::filesystem::path& references) {
  const metric::Named* named = metric::find_named(metric);
  if (!named) {
    std::string known;
    for (const std::string& name : score_metrics()) known += (known.empty() ? "" : ", ") + name;
    throw UsageError("metric " + metric + " is not known: expected one of " + known);
  }
  return report_of(read_scored(predictions, references, fields_of(*named)), *named);
}

}  // namespace hones::benchmark
