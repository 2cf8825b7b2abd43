// What a bundle costs, from its own packed sequence: one price for the planner's units, the ETA that counts
// by them, and the forecast.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <hones/checkpoint/flops.hpp>
#include <hones/engine/bundle.hpp>
#include <hones/model/tree_cost.hpp>
#include <hones/plan/planner.hpp>
#include <hones/sweep/inputs.hpp>

#include "prices.hpp"

namespace hones::sweep {

// A bundle's packed sequences as the engine will pack them, answers guessed: as long as their targets or
// first references.
struct Packed {
  std::vector<model::TreeShape> trees;  // one; where prompts share nothing, one a prompt
  struct Answer {
    std::int64_t prompt = 0, ids = 0, limit = 0;
  };
  std::vector<Answer> answers;  // of the generating tasks
  std::int64_t read = 0;        // positions that logits are computed of
  double prefill_flops = 0;     // of its prompts and answers, each by itself
};

// Rank-local.
class Pricing {
 public:
  // `inputs` must outlive it. changed: share of the generating tasks' cells whose answer changes and is
  // decoded, 0 to 1.
  Pricing(const Inputs& inputs, double changed);

  Packed packed(const engine::Bundle& bundle) const;
  // Of a bundle, answers that change left out.
  plan::Price unchanged(const Packed& packed, std::span<const RowsAt> groups) const;
  // What those come to, of so many rows.
  double changed(const Packed& packed, std::int64_t rows) const;
  // Of an instance in the neuron stage, stored heads taken to lie evenly in the layers.
  double neurons(const task::Item& item, std::int64_t stored) const;

  // Layers, with the heads asked for.
  std::vector<RowsAt> heads() const;
  // A bundle with the answers that change.
  plan::Price price(const engine::Bundle& bundle, std::span<const RowsAt> groups) const;

 private:
  std::int64_t answer_length(const task::Item& item, std::int64_t limit) const;
  double row(const model::TreeShape& tree, std::int64_t layer) const;

  const Inputs& inputs_;
  double changed_;
  const checkpoint::DecoderConfig& config_;
  checkpoint::DecoderFlops cost_;
  bool plain_;  // the plain engine: every cell whole, every prompt by itself
};

// How units are cut out of these groups.
plan::Cutting cutting_of(const Inputs& inputs, std::span<const RowsAt> groups, int ranks,
                         double flops_per_second);

}  // namespace hones::sweep
