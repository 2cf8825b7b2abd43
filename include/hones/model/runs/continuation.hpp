// Rows whose answer left the plain run's draft: they decode on from the first difference, batched, and are
// checked in the shape of docs/method.md section 1 until the answer is a fixed point.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <hones/model/keys_values.hpp>
#include <hones/model/prompt_tree.hpp>
#include <hones/model/runs/tree_pass.hpp>
#include <hones/model/vlm.hpp>

namespace hones::model {

struct OpenRow {
  // Edits for indices [first, first + length) of prompt and answer. Only gaussian noise depends on them.
  std::function<RowEdit(std::int64_t first, std::int64_t length)> edit;
  // One row: keys and values of prompt and accepted draft, prompt + ids.size() - 1 positions. Layers below
  // its first are the plain run's.
  KeyValues keys_values;
  std::vector<std::int64_t> ids;  // final so far; the last one has no keys yet. At least one.
};

struct Continued {
  std::vector<std::int64_t> ids;  // the eos included where one came; empty where not finite
  bool finite = true;
};

struct Continuations {
  std::vector<Continued> rows;
  double decode_layer_positions = 0;  // computed: rows that have ended go along until all have
  double check_layer_positions = 0;
  // checkpoint::DecoderFlops of every new id computed once, whatever drafts and checks cost.
  double useful_flops = 0;
};

// Where the rows go on: a prompt of a packed sequence, and the plain run over that sequence. All borrowed.
struct Behind {
  const PromptTree::Prompt& prompt;
  const PlainState& plain;
  // Packed indices of the prompt's positions, with those of its draft behind them (PromptTree::path): as many
  // as any row has keys of the plain run.
  std::vector<std::int64_t> path;
};

class Continuation {
 public:
  // limit: most new tokens. `model` must outlive it.
  Continuation(const Vlm& model, std::int64_t limit) : model_(model), limit_(limit) {}

  // Bytes that run() takes for one row: keys and values of all layers, prompt and answer.
  std::int64_t bytes_of_row(std::int64_t prompt_length) const;

  // All rows continue one prompt. What the batch holds changes no answer: decoding makes drafts, and a check
  // has one row's shape.
  Continuations run(const Behind& behind, std::vector<OpenRow> rows) const;

  // Log-probability of `ids` under the row, teacher-forced in a check: what verify=false computes apart.
  // first_logprob is that of ids[0], read where the prompt ends.
  double draft_logprob(const Behind& behind, const OpenRow& row, const std::vector<std::int64_t>& ids,
                       double first_logprob, double& layer_positions) const;

 private:
  class Batch;
  bool ended(const std::vector<std::int64_t>& ids) const;

  const Vlm& model_;
  std::int64_t limit_;
};

}  // namespace hones::model
