// The metrics that a task may name: those of metric/named.hpp that have a value for one instance.
#pragma once

#include <string>
#include <string_view>

#include <hones/metric/named.hpp>
#include <hones/task/task.hpp>

namespace hones::task {

// Null when there is none of that name for tasks that rank candidates, or for those that compare answers.
const metric::Named* find_metric(std::string_view name, bool ranking);
// Names of those that rank, or of those that compare answers: "anls:rrc, ...".
std::string known_metrics(bool ranking);

// Throws DataError naming the item's record where the metric cannot take its references.
void check_references(const metric::Named& metric, const Item& item);

// Of a metric that compares answers; Score::counts is filled where the metric has such.
Score score_of(const metric::Named& metric, const Item& item, const std::string& answer);

}  // namespace hones::task
