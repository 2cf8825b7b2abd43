// Rows whose answer left the plain run's draft: they decode on from the first difference, batched, and are
// checked in the shape of docs/method.md section 1 until the answer is a fixed point.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <hones/model/llava.hpp>
#include <hones/model/tree_pass.hpp>

namespace hones::model {

struct OpenRow {
  // Edits for positions [first, first + length) of prompt and answer. Only gaussian noise depends on them.
  std::function<RowEdit(std::int64_t first, std::int64_t length)> edit;
  // Keys and values of prompt and accepted draft, layers keys_from and up: [n, KV, Dh], n = prompt +
  // ids.size() - 1 positions. Layers below are the plain run's.
  std::int64_t keys_from = 0;
  std::vector<at::Tensor> keys, values;
  std::vector<std::int64_t> ids;  // final so far; the last one has no keys yet. At least one.

  std::int64_t bytes() const;
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

class Continuation {
 public:
  // limit: most new tokens. `model` must outlive it.
  Continuation(const Llava& model, std::int64_t limit) : model_(model), limit_(limit) {}

  // Bytes that run() takes for one row: keys and values of all layers, prompt and answer.
  std::int64_t bytes_of_row(std::int64_t prompt_length) const;

  // All rows continue one prompt of `prompt_length` positions; `path` are its packed indices in `plain` (see
  // PromptTree::path) with those of the draft behind them. What the batch holds changes no answer: decoding
  // makes drafts, and a check has one row's shape.
  Continuations run(std::int64_t prompt_length, const PlainState& plain,
                    const std::vector<std::int64_t>& path, std::vector<OpenRow> rows) const;

  // Log-probability of `ids` under the row, teacher-forced in a check: what verify=false computes apart.
  // first_logprob is that of ids[0], read where the prompt ends.
  double draft_logprob(std::int64_t prompt_length, const PlainState& plain,
                       const std::vector<std::int64_t>& path, const OpenRow& row,
                       const std::vector<std::int64_t>& ids, double first_logprob,
                       double& layer_positions) const;

 private:
  class Batch;
  const Llava& model_;
  std::int64_t limit_;
};

}  // namespace hones::model
