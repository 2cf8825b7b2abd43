#include <hones/base/number.hpp>
#include <hones/store/results.hpp>

namespace hones::store {

std::string heads_csv(std::span<const HeadCsvRow> rows) {
  std::string csv = "rank,layer,head,importance,ci_low,ci_high,answers_changed,logprob_drop,logprob_rank\n";
  std::int64_t rank = 0;
  for (const HeadCsvRow& row : rows) {
    csv += std::to_string(++rank) + ',' + std::to_string(row.head.layer) + ',' +
           std::to_string(row.head.head) + ',' + shortest(row.importance) + ',' + shortest(row.ci_low) + ',' +
           shortest(row.ci_high) + ',' + std::to_string(row.answers_changed) + ',' +
           shortest(row.logprob_drop) + ',' + std::to_string(row.logprob_rank) + '\n';
  }
  return csv;
}

std::string neurons_csv(std::span<const NeuronCsvRow> rows) {
  std::string csv = "rank,layer,neuron,importance\n";
  std::int64_t rank = 0;
  for (const NeuronCsvRow& row : rows) {
    csv += std::to_string(++rank) + ',' + std::to_string(row.layer) + ',' + std::to_string(row.neuron) + ',' +
           shortest(row.importance) + '\n';
  }
  return csv;
}

std::string ablation_csv(std::span<const AblationCsvRow> rows) {
  std::string csv =
      "task,strategy,split,budget,seed,base,masked,absolute_drop,relative_drop_percent,ci_low,ci_high,"
      "instances\n";
  for (const AblationCsvRow& row : rows) {
    csv += row.task + ',' + row.strategy + ',' + row.split + ',' + std::to_string(row.budget) + ',' +
           row.seed + ',' + shortest(row.base) + ',' + shortest(row.masked) + ',' +
           shortest(row.absolute_drop) + ',' + shortest(row.relative_drop_percent) + ',' +
           shortest(row.ci_low) + ',' + shortest(row.ci_high) + ',' + std::to_string(row.instances) + '\n';
  }
  return csv;
}

std::string comparisons_csv(std::span<const ComparisonCsvRow> rows) {
  std::string csv = "task,strategy,against,budget,difference,ci_low,ci_high,p_two_sided\n";
  for (const ComparisonCsvRow& row : rows) {
    csv += row.task + ',' + row.strategy + ',' + row.against + ',' + std::to_string(row.budget) + ',' +
           shortest(row.difference) + ',' + shortest(row.ci_low) + ',' + shortest(row.ci_high) + ',' +
           shortest(row.p_two_sided) + '\n';
  }
  return csv;
}

}  // namespace hones::store
