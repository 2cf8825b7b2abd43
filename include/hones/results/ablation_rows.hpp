// The rows of an ablation: which sets are masked, drawn from a discovery's tables. No tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <hones/choice/choices.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/table/intervention.hpp>

namespace hones::results {

using table::AblationRow;

// A set of the user's own, masked on every task.
struct NamedSet {
  std::string name;  // its strategy in the results
  std::vector<table::Neuron> neurons;
};

// Names of the strategies, in the order of results.
inline const std::vector<std::string> kStrategies{"hones", "hones_after_mean", "no_head", "rand_head",
                                                  "random"};

// What is masked.
struct AblationChoice {
  std::filesystem::path discovery;  // folder of a discover run on the same model and benchmark; may be empty
  std::vector<std::string> strategies;     // of kStrategies; all but random read `discovery`
  std::vector<double> budgets;             // shares of all FFN neurons
  std::vector<std::int64_t> head_budgets;  // so many of the best heads replaced together
  std::vector<NamedSet> sets;
  std::int64_t random_seeds = 0;
  // None: as the run in `discovery` had it.
  std::optional<std::int64_t> top_k;
  std::optional<choice::HeadWeights> weights;
};

// Where it is masked.
struct AblationSubject {
  std::vector<std::string> tasks;
  std::filesystem::path benchmark;
  std::uint64_t seed = 0;  // of random draws
  table::Shape shape;
  std::string model_digest;
};

// By task of subject.tasks, the same strategies, budgets and seeds for all. Reads choice.discovery. Throws
// UsageError for a budget or a strategy that the run there cannot serve, or a set beyond the model; DataError
// for a run of another model or benchmark.
std::vector<std::vector<AblationRow>> ablation_rows(const AblationChoice& choice,
                                                    const AblationSubject& subject);

// As bytes, for other ranks and for the digest that the resume check compares.
std::string to_bytes(const std::vector<std::vector<AblationRow>>& rows);
std::vector<std::vector<AblationRow>> rows_from(const std::string& bytes);

}  // namespace hones::results
