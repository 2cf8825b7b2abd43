#include "prices.hpp"

#include <hones/plan/planner.hpp>

#include "pricing.hpp"

namespace hones::sweep {

namespace {

plan::Load load_of(const engine::Kind& kind, const Pricing& pricing, std::span<const RowsAt> groups) {
  plan::Load load{kind.name, {}};
  for (const engine::Bundle& bundle : kind.bundles) load.bundles.push_back(pricing.price(bundle, groups));
  return load;
}

}  // namespace

std::vector<plan::Unit> head_units(const Inputs& inputs, int ranks, double flops_per_second) {
  const Pricing pricing(inputs, kExpectedChange);
  const std::vector<RowsAt> groups = pricing.heads();
  std::vector<plan::Load> loads;
  for (const engine::Kind& kind : inputs.kinds) loads.push_back(load_of(kind, pricing, groups));
  return plan::cell_units(loads, cutting_of(inputs, groups, ranks, flops_per_second));
}

std::vector<plan::Unit> row_units(const Inputs& inputs, const std::vector<std::vector<RowsAt>>& interventions,
                                  int ranks, double flops_per_second) {
  const Pricing pricing(inputs, kExpectedChange);
  std::vector<plan::Load> loads;
  for (const engine::Kind& kind : inputs.kinds) {  // a task's own
    const auto task = static_cast<std::size_t>(kind.bundles.front().front().task);
    loads.push_back(load_of(kind, pricing, interventions.at(task)));
  }
  return plan::cell_units(loads, cutting_of(inputs, interventions.front(), ranks, flops_per_second));
}

std::vector<plan::Unit> neuron_units(const Inputs& inputs, int ranks,
                                     const std::vector<std::int64_t>& stored) {
  const Pricing pricing(inputs, kExpectedChange);
  std::vector<std::vector<double>> prices;
  for (std::size_t t = 0; t < inputs.tasks.size(); ++t) {
    std::vector<double>& of_task = prices.emplace_back();
    for (const task::Item& item : inputs.tasks[t].items)
      of_task.push_back(pricing.neurons(item, stored.at(t)));
  }
  return plan::neuron_units(prices, inputs.config.text.layers, ranks, inputs.options.job.unit_instances);
}

}  // namespace hones::sweep
