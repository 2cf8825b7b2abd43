// The metrics that a task may name.
#pragma once

#include <string>
#include <string_view>

#include <hones/task/task.hpp>

namespace hones::task {

struct Metric {
  std::string_view name;                                        // NAME:VARIANT of docs/outputs.md
  Score (*score)(const Item& item, const std::string& answer);  // null: it ranks candidates
  bool counts_bleu = false;                                     // Score::bleu is filled
  bool ranks() const { return score == nullptr; }
};

// Null when there is none of that name.
const Metric* find_metric(std::string_view name);
// Names of those that rank, or of those that compare answers: "anls:rrc, ...".
std::string known_metrics(bool ranks);

}  // namespace hones::task
