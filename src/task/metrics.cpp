#include "metrics.hpp"

#include <algorithm>

#include <hones/base/error.hpp>

namespace hones::task {

namespace {

using Compares = metric::Named::Compares;

bool ranks(const metric::Named& metric) {
  return metric.compares == Compares::ranking;
}

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string::npos;
}

}  // namespace

const metric::Named* find_metric(std::string_view name, bool ranking) {
  const metric::Named* metric = metric::find_named(name);
  return metric && metric->of_one_instance() && ranks(*metric) == ranking ? metric : nullptr;
}

std::string known_metrics(bool ranking) {
  std::string names;
  for (const metric::Named& metric : metric::named_metrics()) {
    if (find_metric(metric.name, ranking)) names += (names.empty() ? "" : ", ") + std::string(metric.name);
  }
  return names;
}

void check_references(const metric::Named& metric, const Item& item) {
  const std::string needs = item.where + ": the metric '" + std::string(metric.name) + "' needs ";
  if (metric.references > 0 && item.references.size() != metric.references) {
    throw DataError(needs + "exactly " + std::to_string(metric.references) + " reference(s), found " +
                    std::to_string(item.references.size()));
  }
  if (!metric.empty_references && std::any_of(item.references.begin(), item.references.end(), blank))
    throw DataError(needs + "references that are not empty; use anls:rrc");
}

Score score_of(const metric::Named& metric, const Item& item, const std::string& answer) {
  if (!metric.counts) return {metric.value(answer, item.references), {}};
  std::vector<std::int64_t> counts = metric.counts->of(answer, item.references);
  const double value = metric.counts->value(counts);
  return {value, std::move(counts)};
}

}  // namespace hones::task
