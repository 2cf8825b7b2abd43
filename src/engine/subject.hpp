// What the fast engine holds of the pictures it works on.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <hones/engine/bundle.hpp>
#include <hones/model/prompt_tree.hpp>
#include <hones/model/runs/continuation.hpp>
#include <hones/model/runs/tree_pass.hpp>

namespace hones::engine {

// One packed sequence of a bundle, and the plain run over it. The pass borrows the engine's workspace; its
// state, and `plain`, are copies of their own.
struct Tree {
  model::PromptTree packed;
  std::unique_ptr<model::TreePass> pass;
  at::Tensor embeddings;  // [T, D]; kept where rows begin at layer 0
  model::TreeRows plain;
};

// Prompt `which` of a tree, with the plain run over it and `count` of its positions, for rows that go on
// there.
inline model::Behind behind(const Tree& tree, std::size_t which, std::int64_t count) {
  return {tree.packed.prompts[which], tree.pass->state(), tree.packed.path(which, count)};
}

// One instance of a bundle: where its prompts lie, and what the plain run left.
struct Seat {
  Member member;
  const task::Task* what = nullptr;
  const task::Item* item = nullptr;
  std::string excluded;
  std::vector<text::Prompt> prompts;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // per prompt: tree, prompt of that tree
  double prefill_positions = 0;
  std::size_t read() const {  // positions that logits are computed of
    return what->generates() ? std::max<std::size_t>(1, answer.size()) : prompts.size();
  }

  std::vector<std::int64_t> answer;  // generating tasks
  task::Score score;
  double utility = 0, answer_logprob = 0;
  std::vector<double> scores;  // retrieval
};

struct Subject {
  std::vector<Seat> seats;
  std::vector<Tree> trees;
  at::Tensor features;
  std::int64_t last_image_position = -1;
  at::Tensor trunk_sd;  // gaussian only
  double layer_positions = 0;
  double useful_flops = 0;  // of the last plain run

  std::vector<model::TreeRows> plain_passes() const {  // per tree
    std::vector<model::TreeRows> passes;
    for (const Tree& tree : trees) passes.push_back(tree.plain);
    return passes;
  }
};

// What a pass over the trees says of one instance.
struct Reading {
  std::vector<std::int64_t> best;  // argmax at every position read (generating tasks)
  double draft_logprob = 0;
  double first_logprob = 0;    // of the plain answer's first id
  std::vector<double> scores;  // retrieval
  bool finite = true;
};

}  // namespace hones::engine
