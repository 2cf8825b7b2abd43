// The small result files beside discovery.h5 (docs/outputs.md). The CSVs are strings, so that tests and other
// commands can have them without a folder; hones::write_file puts them there.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <hones/table/neurons.hpp>

namespace hones::store {

struct HeadCsvRow {
  table::Head head;
  double importance = 0;
  double ci_low = 0;
  double ci_high = 0;
  std::uint32_t answers_changed = 0;
  double logprob_drop = 0;        // mean of the plain answer's log-probability, plain minus replaced
  std::int64_t logprob_rank = 0;  // from 1, by logprob_drop
};

// heads.<task>.csv: rows best first; the column rank counts them from 1.
std::string heads_csv(std::span<const HeadCsvRow> rows);

struct NeuronCsvRow {
  std::int32_t layer = 0;
  std::int32_t neuron = 0;
  double importance = 0;
};

// neurons.<task>.csv, likewise.
std::string neurons_csv(std::span<const NeuronCsvRow> rows);

struct AblationCsvRow {
  std::string task, strategy, split;
  std::int64_t budget = 0;  // neurons or heads masked
  std::string seed;         // of a drawn set; "mean": the seeds together; empty: nothing was drawn
  double base = 0, masked = 0, absolute_drop = 0, relative_drop_percent = 0, ci_low = 0, ci_high = 0;
  std::int64_t instances = 0;
};

// ablation.csv, in the order given.
std::string ablation_csv(std::span<const AblationCsvRow> rows);

struct ComparisonCsvRow {
  std::string task, strategy, against;
  std::int64_t budget = 0;
  double difference = 0, ci_low = 0, ci_high = 0, p_two_sided = 1;
};

// comparisons.csv, in the order given.
std::string comparisons_csv(std::span<const ComparisonCsvRow> rows);

}  // namespace hones::store
