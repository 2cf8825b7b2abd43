#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/model/runs/generation.hpp>

namespace hones::model {

// One row on its way to the fixed point. Invariant: ids[0, checked) are final; ids beyond are a draft.
struct Generator::Row {
  std::size_t index = 0;          // into Answers::rows
  std::vector<std::int64_t> ids;  // draft, at most limit, ends at the first eos
  std::size_t checked = 0;
  bool first_check = true;
  bool done = false;
};

Generator::Generator(const Vlm& model, std::int64_t limit) : model_(model), limit_(limit) {
  if (limit < 1)
    throw UsageError("the generation limit is " + std::to_string(limit) + ", expected at least 1");
}

bool Generator::is_eos(std::int64_t id) const {
  const auto& eos = model_.config().eos_ids;
  return std::find(eos.begin(), eos.end(), id) != eos.end();
}

Answers Generator::run(const EncodedPrompt& prompt, std::size_t row_count, const RowsAt& edits,
                       std::span<const std::int64_t> draft) const {
  Answers answers;
  answers.rows.resize(row_count);
  answers.draft_logprob.assign(row_count, std::nan(""));
  std::vector<Row> rows(row_count);
  std::vector<Row*> open;
  for (std::size_t i = 0; i < row_count; ++i) {
    rows[i].index = i;
    rows[i].ids.assign(draft.begin(), draft.end());
    open.push_back(&rows[i]);
  }
  if (draft.empty()) decode(prompt, open, edits, answers);
  // Each round makes at least one more position final, or ends the row.
  while (!open.empty()) {
    check(prompt, open, edits, answers);
    std::erase_if(open, [](const Row* row) { return row->done; });
    if (!open.empty()) decode(prompt, open, edits, answers);
  }
  return answers;
}

// Teacher-forced: prompt and drafts, padded to the limit, hidden states where an id is read.
ForwardOutput Generator::forward_drafts(const EncodedPrompt& prompt, const std::vector<Row*>& rows,
                                        const RowsAt& edits) const {
  const std::int64_t T = check_length(prompt);
  const std::vector<RowEdit> all = edits(0, T);
  std::vector<at::Tensor> residuals;
  ForwardInput input;
  for (const Row* row : rows) {
    std::vector<std::int64_t> ids = prompt.prompt.ids;
    ids.insert(ids.end(), row->ids.begin(),
               row->ids.begin() + std::min<std::ptrdiff_t>(std::ssize(row->ids), limit_ - 1));
    ids.resize(static_cast<std::size_t>(T), model_.config().eos_ids.front());
    residuals.push_back(model_.embed(ids, prompt.prompt.images, prompt.features));
    input.rows.push_back(all.at(row->index));
  }
  const bool shared =
      std::all_of(rows.begin(), rows.end(), [&](const Row* row) { return row->ids == rows[0]->ids; });
  input.residual = shared ? residuals[0] : at::cat(residuals);
  input.sequence = sequence_of(prompt.prompt, limit_ - 1);
  for (std::int64_t j = 0; j < limit_; ++j)
    input.readouts.hidden_at.push_back(prompt.prompt.length() - 1 + j);
  return forward(model_.decoder(), input);
}

// Of one row from its hidden states [limit, D]: it is done where its draft stands or a logit is not finite;
// otherwise it keeps the checked prefix and the argmax at the first difference.
void Generator::settle(Row& row, const at::Tensor& hidden, Answers& answers) const {
  Answer& answer = answers.rows[row.index];
  const Reading draft = model_.decoder().read(hidden, row.ids);
  if (row.first_check) {
    double sum = 0;
    for (const double value : draft.log_probs) sum += value;
    answers.draft_logprob[row.index] = sum;
    row.first_check = false;
  }
  std::vector<std::int64_t> accepted;
  bool ended = false;
  for (std::int64_t j = 0; j < limit_ && !ended; ++j) {
    const auto at = static_cast<std::size_t>(j);
    if (!std::isfinite(draft.log_sum[at])) {
      answer.finite = false;
      row.done = true;
      return;
    }
    // A position once checked stays; the argmax there is the same, because it sees the same prefix in the
    // same shape.
    const std::int64_t id = at < row.checked ? row.ids[at] : draft.best[at];
    accepted.push_back(id);
    const bool differs = at >= row.ids.size() || row.ids[at] != id;
    ended = is_eos(id) || static_cast<std::int64_t>(accepted.size()) == limit_;
    if (differs && !ended) break;  // what follows was drafted after another token
  }
  if (!ended) {
    row.checked = accepted.size();
    row.ids = std::move(accepted);
    return;
  }
  const Reading said = accepted == row.ids ? draft : model_.decoder().read(hidden, accepted);
  answer.ids = accepted;
  answer.stopped_by_eos = is_eos(accepted.back());
  for (const double value : said.log_probs) {
    answer.log_probs.push_back(static_cast<float>(value));
    answer.log_prob += value;
  }
  row.done = true;
}

void Generator::check(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
                      Answers& answers) const {
  const ForwardOutput output = forward_drafts(prompt, rows, edits);
  answers.layer_positions += output.layer_positions;
  for (std::size_t r = 0; r < rows.size(); ++r)
    settle(*rows[r], output.hidden[static_cast<std::int64_t>(r)], answers);
}

// Extends the rows' drafts greedily with a KV cache, each from its own checked prefix, until eos or the
// limit.
void Generator::decode(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
                       Answers& answers) const {
  const Sequence whole = sequence_of(prompt.prompt, limit_);
  for (Row* row : rows) {  // prefixes differ in length; one row at a time keeps every row's positions its own
    std::vector<std::int64_t> ids = prompt.prompt.ids;
    ids.insert(ids.end(), row->ids.begin(), row->ids.end());
    KeyValues past;
    std::int64_t first = 0;
    while (true) {
      const std::vector<std::int64_t> fresh(ids.begin() + first, ids.end());
      const auto length = std::ssize(fresh);
      ForwardInput input;
      input.residual =
          first == 0 ? model_.embed(fresh, prompt.prompt.images, prompt.features) : model_.embed_text(fresh);
      input.sequence = part_of(whole, first, length);
      input.rows = {edits(first, length).at(row->index)};
      input.past = first == 0 ? nullptr : &past;
      input.readouts.hidden_at = {length - 1};
      input.readouts.keys_values = true;
      ForwardOutput output = forward(model_.decoder(), input);
      answers.layer_positions += output.layer_positions;
      past = std::move(output.keys_values);
      first += length;
      const std::int64_t id = model_.decoder().read(output.hidden[0], {}).best.front();
      row->ids.push_back(id);
      ids.push_back(id);
      if (is_eos(id) || static_cast<std::int64_t>(row->ids.size()) >= limit_) break;
    }
  }
}

}  // namespace hones::model
