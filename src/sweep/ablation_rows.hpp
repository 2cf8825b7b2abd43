// The rows of an ablation: which sets are masked, drawn from a discovery's tables. No tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hones/store/discovery_file.hpp>
#include <hones/sweep/ablate.hpp>

namespace hones::sweep {

using table::AblationRow;

// By task of options.run.tasks, the same strategies, budgets and seeds for all. Reads options.discovery.
// Throws UsageError for a budget or a strategy that the run there cannot serve, or a set beyond the model;
// DataError for a run of another model (`model_digest`) or benchmark.
std::vector<std::vector<AblationRow>> ablation_rows(const AblateOptions& options, const table::Shape& shape,
                                                    const std::string& model_digest);

// As bytes, for other ranks and for the digest that the resume check compares.
std::string to_bytes(const std::vector<std::vector<AblationRow>>& rows);
std::vector<std::vector<AblationRow>> rows_from(const std::string& bytes);

}  // namespace hones::sweep
