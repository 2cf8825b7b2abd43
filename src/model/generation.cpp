#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/model/generation.hpp>

namespace hones::model {

// One row on its way to the fixed point. Invariant: ids[0, checked) are final; ids beyond are a draft.
struct Generator::Row {
  std::size_t index = 0;          // into Answers::rows
  std::vector<std::int64_t> ids;  // draft, at most limit, ends at the first eos
  std::size_t checked = 0;
  bool first_check = true;
  bool done = false;
};

Generator::Generator(const Llava& model, std::int64_t limit) : model_(model), limit_(limit) {
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

// One teacher-forced forward of prompt and drafts. Rows whose draft stands are done; the others keep the
// checked prefix and the argmax at the first difference.
void Generator::check(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
                      Answers& answers) const {
  const auto prompt_length = static_cast<std::int64_t>(prompt.ids.size());
  const std::int64_t T = check_length(prompt);
  const std::int64_t pad = model_.config().eos_ids.front();
  const std::vector<RowEdit> all = edits(0, T);

  std::vector<at::Tensor> residuals;
  ForwardInput input;
  for (const Row* open : rows) {
    const Row& row = *open;
    std::vector<std::int64_t> ids = prompt.ids;
    for (std::int64_t j = 0; j + 1 < limit_; ++j) {
      ids.push_back(static_cast<std::size_t>(j) < row.ids.size() ? row.ids[static_cast<std::size_t>(j)]
                                                                 : pad);
    }
    residuals.push_back(model_.embed(ids, prompt.ids.size(), prompt.features));
    input.rows.push_back(all.at(row.index));
  }
  const bool shared =
      std::all_of(rows.begin(), rows.end(), [&](const Row* row) { return row->ids == rows[0]->ids; });
  input.start.residual = shared ? residuals[0] : at::cat(residuals);
  input.sequence = linear_sequence(T);
  for (std::int64_t j = 0; j < limit_; ++j) input.readouts.hidden_at.push_back(prompt_length - 1 + j);
  ForwardOutput output = model_.decoder().forward(input);
  answers.layer_positions += output.layer_positions;

  const at::Tensor logits = model_.decoder().logits(output.hidden);  // float32 [R, limit, V]
  const at::Tensor best = logits.argmax(-1);                         // lowest index on ties
  const at::Tensor normaliser = logits.to(at::kDouble).logsumexp(-1);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    Row& row = *rows[r];
    Answer& answer = answers.rows[row.index];
    const auto at_row = static_cast<std::int64_t>(r);
    const auto log_prob = [&](std::int64_t j, std::int64_t id) {
      return logits[at_row][j][id].item<double>() - normaliser[at_row][j].item<double>();
    };
    if (row.first_check) {
      double sum = 0;
      for (std::size_t j = 0; j < row.ids.size(); ++j)
        sum += log_prob(static_cast<std::int64_t>(j), row.ids[j]);
      answers.draft_logprob[row.index] = sum;
      row.first_check = false;
    }
    std::vector<std::int64_t> accepted;
    bool ended = false;
    for (std::int64_t j = 0; j < limit_ && !ended; ++j) {
      const auto at = static_cast<std::size_t>(j);
      if (!std::isfinite(normaliser[at_row][j].item<double>())) {
        answer.finite = false;
        row.done = true;
        break;
      }
      // A position once checked stays; the argmax there is the same, because it sees the same prefix in the
      // same shape.
      const std::int64_t id = at < row.checked ? row.ids[at] : best[at_row][j].item<std::int64_t>();
      accepted.push_back(id);
      const bool differs = at >= row.ids.size() || row.ids[at] != id;
      ended = is_eos(id) || static_cast<std::int64_t>(accepted.size()) == limit_;
      if (differs && !ended) break;  // what follows was drafted after another token
    }
    if (row.done) continue;
    if (ended) {
      answer.ids = accepted;
      answer.stopped_by_eos = is_eos(accepted.back());
      for (std::size_t j = 0; j < accepted.size(); ++j) {
        const auto at = static_cast<std::int64_t>(j);
        const double value = log_prob(at, accepted[j]);
        answer.log_probs.push_back(static_cast<float>(value));
        answer.log_prob += value;
      }
      row.done = true;
    } else {
      row.checked = accepted.size();
      row.ids = std::move(accepted);
    }
  }
}

// Extends the rows' drafts greedily with a KV cache, each from its own checked prefix, until eos or the
// limit.
void Generator::decode(const EncodedPrompt& prompt, std::vector<Row*>& rows, const RowsAt& edits,
                       Answers& answers) const {
  for (Row* row : rows) {  // prefixes differ in length; one row at a time keeps every row's positions its own
    std::vector<std::int64_t> ids = prompt.ids;
    ids.insert(ids.end(), row->ids.begin(), row->ids.end());
    KeyValues past;
    std::int64_t first = 0;
    while (true) {
      const std::vector<std::int64_t> fresh(ids.begin() + first, ids.end());
      const auto length = static_cast<std::int64_t>(fresh.size());
      ForwardInput input;
      input.start.residual =
          first == 0 ? model_.embed(fresh, prompt.ids.size(), prompt.features) : model_.embed(fresh, 0, {});
      input.sequence = linear_sequence(length, first);
      input.rows = {edits(first, length).at(row->index)};
      input.past = first == 0 ? nullptr : &past;
      input.readouts.hidden_at = {length - 1};
      input.readouts.keys_values = true;
      ForwardOutput output = model_.decoder().forward(input);
      answers.layer_positions += output.layer_positions;
      past.append(output.new_parts);
      first += length;
      const std::int64_t id = model_.decoder().logits(output.hidden).argmax(-1).item<std::int64_t>();
      row->ids.push_back(id);
      ids.push_back(id);
      if (is_eos(id) || static_cast<std::int64_t>(row->ids.size()) >= limit_) break;
    }
  }
}

}  // namespace hones::model
