// A metric over a file of predictions, useful without a model (docs/outputs.md, `score`).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hones::benchmark {

struct ItemScore {
  std::string id;
  double value = 0;
};

struct ScoreReport {
  double value = 0;                     // 0..1
  std::vector<ItemScore> items;         // in the order of the references
  std::map<std::string, double> parts;  // what the metric reports beside its value; may be empty
};

// NAME:VARIANT of docs/benchmark.md section 3, each variant's default first.
const std::vector<std::string>& score_metrics();

// Both files hold one JSON object a line. Predictions: {id, prediction}, for ndcg5 {id, scores}. References:
// {id, references}, {id, answers} (vqa_accuracy, textvqa_accuracy, gqa_accuracy) or {id, relevance} (ndcg5).
// A question may have question_type and answer_type (vqa_accuracy), structural and isBalanced (gqa_accuracy).
// Ids are strings or integers. Texts are scored as they stand. Throws DataError naming file, line and field,
// and for an id that one side lacks; UsageError for an unknown metric.
ScoreReport score(const std::string& metric, const std::filesystem::path& predictions,
                  const std::filesystem::path& references);

}  // namespace hones::benchmark
