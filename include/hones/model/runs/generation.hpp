// The canonical answer (docs/method.md section 1): greedy decoding whose outcome is the fixed point of draft
// and check, so that it has ONE definition although a decode step and a prefill differ in floats.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <hones/model/runs/whole.hpp>
#include <hones/model/vlm.hpp>

namespace hones::model {

struct Answer {
  std::vector<std::int64_t> ids;  // the eos included where one came
  std::vector<float> log_probs;   // natural, one per id, from the last check
  double log_prob =
      0;  // their sum, before rounding: equals draft_logprob of a run whose draft is this answer
  bool stopped_by_eos = false;
  bool finite = true;  // false: a logit that mattered was not finite; ids are empty then
};

// What a run over several rows at once gives.
struct Answers {
  std::vector<Answer> rows;
  std::vector<double> draft_logprob;  // per row: log-probability of the first draft's answer in the first
                                      // check, summed over its ids
  std::int64_t layer_positions = 0;   // computed, drafts, checks and decoding
};

// Edits for a pass over indices [first, first + length) of prompt and draft. Only gaussian noise depends on
// them.
using RowsAt = std::function<std::vector<RowEdit>(std::int64_t first, std::int64_t length)>;

class Generator {
 public:
  // limit: most new tokens, >= 1 (UsageError). On a CPU the number of rows changes no bit
  // (tests/model/rows_test.cpp), so that rows which are done leave the batch; where a kernel's bits depend on
  // it, a check must keep the shape of all rows.
  Generator(const Vlm& model, std::int64_t limit);

  // The plain answer, and with `rows` the answers under edits. `draft` is the first draft of every row (the
  // plain answer's ids); empty: drafts are decoded first. R = number of rows.
  Answers run(const EncodedPrompt& prompt, std::size_t rows, const RowsAt& edits,
              std::span<const std::int64_t> draft) const;

  std::int64_t limit() const { return limit_; }
  // Length of a check of this prompt: prompt + limit - 1 positions (the last draft token is never read).
  std::int64_t check_length(const EncodedPrompt& prompt) const { return prompt.prompt.length() + limit_ - 1; }

 private:
  struct Row;
  ForwardOutput forward_drafts(const EncodedPrompt& prompt, const std::vector<Row*>& rows,
                               const RowsAt& edits) const;
  void settle(Row& row, const at::Tensor& hidden, Answers& answers) const;
  void check(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
             Answers& answers) const;
  void decode(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
              Answers& answers) const;
  bool is_eos(std::int64_t id) const;

  const Vlm& model_;
  std::int64_t limit_;
};

}  // namespace hones::model
