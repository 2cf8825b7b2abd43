#include "pricing.hpp"

#include <algorithm>
#include <numeric>

#include <hones/model/prompt_tree.hpp>

namespace hones::sweep {

Pricing::Pricing(const Inputs& inputs, double changed)
    : inputs_(inputs),
      changed_(changed),
      config_(inputs.config.text),
      cost_(config_),
      plain_(inputs.options.engine.form == choice::Form::plain) {}

// A fixed-set answer is its target, an open one about its first reference, each with the id that ends it.
std::int64_t Pricing::answer_length(const task::Item& item, std::int64_t limit) const {
  const std::string& text =
      !item.target.empty() || item.references.empty() ? item.target : item.references[0];
  return std::clamp<std::int64_t>(inputs_.tokens(text) + 1, 1, limit);
}

Packed Pricing::packed(const engine::Bundle& bundle) const {
  const engine::Options& options = inputs_.options.engine;
  Packed packed;
  std::vector<text::Prompt> prompts;
  std::vector<std::vector<std::int64_t>> drafts;
  for (const engine::Member& member : bundle) {
    const engine::TaskItems& task = inputs_.tasks[static_cast<std::size_t>(member.task)];
    const task::Item& item = task.items[static_cast<std::size_t>(member.index)];
    std::int64_t answer = 0;
    const std::int64_t limit = task.task->answer_limit(options.max_new_tokens);
    if (task.task->generates()) answer = answer_length(item, limit);
    for (std::size_t which = 0; which < item.texts.size(); ++which) {
      prompts.push_back(inputs_.prompt(item, which));
      // What the ids are does not matter behind the prompt.
      drafts.emplace_back(options.verify ? static_cast<std::size_t>(answer) : 0);
      const std::int64_t length = prompts.back().length();
      if (task.task->generates()) packed.answers.push_back({length, answer, limit});
      packed.prefill_flops += cost_.generation(length, std::max<std::int64_t>(answer, 1));
    }
    packed.read += std::max<std::int64_t>(answer, std::ssize(item.texts));
  }
  if (options.tree && !plain_) {
    packed.trees.push_back(model::shape_of(model::make_tree(model::pointers(prompts), drafts)));
  } else {
    for (std::size_t p = 0; p < prompts.size(); ++p)
      packed.trees.push_back(model::shape_of(model::make_tree({&prompts[p]}, {drafts[p]})));
  }
  return packed;
}

double Pricing::row(const model::TreeShape& tree, std::int64_t layer) const {
  const bool resume = inputs_.options.engine.resume;
  return row_flops(config_, tree, resume ? layer : 0, resume).all();
}

plan::Price Pricing::unchanged(const Packed& packed, std::span<const RowsAt> groups) const {
  const double logits = static_cast<double>(packed.read) * cost_.head;
  const auto sum = [&](const auto& of_tree) {
    return std::accumulate(packed.trees.begin(), packed.trees.end(), logits,
                           [&](double all, const model::TreeShape& tree) { return all + of_tree(tree); });
  };
  plan::Price price;
  price.plain =
      plain_ ? packed.prefill_flops
             : sum([&](const model::TreeShape& tree) { return row_flops(config_, tree, 0, false).all(); });
  for (const RowsAt& group : groups) {
    const double one = plain_ ? packed.prefill_flops
                              : sum([&](const model::TreeShape& tree) { return row(tree, group.layer); });
    price.groups.push_back(static_cast<double>(group.rows) * one);
  }
  return price;
}

double Pricing::changed(const Packed& packed, std::int64_t rows) const {
  if (plain_) return 0;  // it computes an answer that changes as it computes every other
  double flops = 0;
  for (const Packed::Answer& answer : packed.answers)
    flops += cost_.through(answer.prompt, answer.prompt + answer.ids - 1) +
             static_cast<double>(answer.ids - 1) * cost_.head;
  return changed_ * static_cast<double>(rows) * flops;
}

double Pricing::neurons(const task::Item& item, std::int64_t stored) const {
  const text::Prompt prompt = inputs_.prompt(item, item.attributed);
  const model::TreeShape tree = model::shape_of(model::make_tree({&prompt}, {{}}));
  const double whole = row_flops(config_, tree, 0, false).all();
  double rows = 0;
  for (std::int64_t l = 0; l < config_.layers; ++l) rows += plain_ ? whole : row(tree, l);
  return whole + rows * static_cast<double>(stored) / static_cast<double>(config_.layers);
}

std::vector<RowsAt> Pricing::heads() const {
  const std::vector<table::Head>& asked = inputs_.options.engine.heads;
  std::vector<RowsAt> groups;
  for (std::int64_t l = 0; l < config_.layers; ++l) {
    const auto in_layer =
        std::count_if(asked.begin(), asked.end(), [&](const table::Head& head) { return head.layer == l; });
    groups.push_back({l, asked.empty() ? config_.heads : in_layer});
  }
  return groups;
}

plan::Price Pricing::price(const engine::Bundle& bundle, std::span<const RowsAt> groups) const {
  const Packed of_bundle = packed(bundle);
  plan::Price price = unchanged(of_bundle, groups);
  for (std::size_t g = 0; g < groups.size(); ++g) price.groups[g] += changed(of_bundle, groups[g].rows);
  return price;
}

plan::Cutting cutting_of(const Inputs& inputs, std::span<const RowsAt> groups, int ranks,
                         double flops_per_second) {
  plan::Cutting cutting;
  cutting.groups = std::ssize(groups);
  cutting.ranks = ranks;
  cutting.unit_instances = inputs.options.job.unit_instances;
  cutting.unit_groups = inputs.options.job.unit_layers;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].rows > 0) cutting.asked.push_back(static_cast<std::int64_t>(g));
  }
  cutting.flops_per_second = flops_per_second;
  return cutting;
}

}  // namespace hones::sweep
