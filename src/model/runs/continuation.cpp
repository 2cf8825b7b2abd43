#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/runs/continuation.hpp>

#include "../decoder/layer.hpp"

namespace hones::model {

std::int64_t Continuation::bytes_of_row(std::int64_t prompt_length) const {
  const checkpoint::DecoderConfig& config = model_.decoder().config();
  return 2 * config.layers * (prompt_length + limit_) * config.kv_heads * config.head_dim *
         static_cast<std::int64_t>(c10::elementSize(model_.decoder().dtype()));
}

bool Continuation::ended(const std::vector<std::int64_t>& ids) const {
  const auto& eos = model_.config().eos_ids;
  return std::ssize(ids) >= limit_ || std::find(eos.begin(), eos.end(), ids.back()) != eos.end();
}

// Keys and values of all rows with room for the answer. An index counts prompt and answer from 0: it is a
// place in the cache; the position that turns a key is the packer's (next_position for the first id behind
// the prompt).
class Continuation::Batch {
 public:
  Batch(const Vlm& model, std::int64_t limit, const Behind& behind, const std::vector<OpenRow>& rows)
      : model_(model),
        decoder_(model.decoder()),
        limit_(limit),
        prompt_length_(behind.prompt.length),
        rows_(rows),
        angles_(decoder_.rotary().angles(
            answer_positions(decoder_.config().axes(), behind.prompt.next_position, limit),
            decoder_.dtype())) {
    const at::Tensor path = index_tensor(behind.path, decoder_.options().device());
    for (std::int64_t l = 0; l < decoder_.config().layers; ++l)
      cache_.push_back(cached(behind.plain.keys_values, &KeyValues::keys_of, path, l),
                       cached(behind.plain.keys_values, &KeyValues::values_of, path, l));
  }

  // One token of every row, fed at its own index behind the prompt; returns the argmax behind it. A row that
  // has ended is fed its last token again: leaving it in costs less than copying the others' keys together.
  std::vector<std::int64_t> step(const std::vector<std::int64_t>& tokens,
                                 const std::vector<std::int64_t>& indices);

  // Teacher-forced pass of one row over the limit - 1 positions behind the prompt. Reads ids[1], ids[2], ...:
  // that of ids[0] stands where the prompt ends.
  Reading check(std::size_t row, const std::vector<std::int64_t>& ids);

 private:
  using Of = const at::Tensor& (KeyValues::*)(std::int64_t) const;
  at::Tensor cached(const KeyValues& plain, Of of, const at::Tensor& path, std::int64_t layer) const;
  at::Tensor through_layers(at::Tensor x, Attention& attention, const Angles& angles,
                            const std::vector<RowEdit>& edits);

  const Vlm& model_;
  const Decoder& decoder_;
  std::int64_t limit_, prompt_length_;
  const std::vector<OpenRow>& rows_;
  Angles angles_;        // of the answer's positions: [limit, Dh]
  KeyValues cache_;      // [R, prompt + limit, KV, Dh]
  Workspace workspace_;  // not the tree's: rows of its tile still wait in there
};

// Keys (or values) of a layer, all rows: each row's own, or the plain run's below the layer it began at.
at::Tensor Continuation::Batch::cached(const KeyValues& plain, Of of, const at::Tensor& path,
                                       std::int64_t layer) const {
  const at::Tensor& of_plain = (plain.*of)(layer);
  at::Tensor cache = at::zeros(
      {std::ssize(rows_), prompt_length_ + limit_, of_plain.size(2), of_plain.size(3)}, of_plain.options());
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    const OpenRow& row = rows_[r];
    const auto n = prompt_length_ + std::ssize(row.ids) - 1;
    const at::Tensor into = cache[static_cast<std::int64_t>(r)].narrow(0, 0, n);
    if (row.keys_values.holds(layer)) {
      into.copy_((row.keys_values.*of)(layer)[0]);
    } else {
      into.copy_(of_plain[0].index_select(0, path.narrow(0, 0, n)));
    }
  }
  return cache;
}

// x [R, n, D] -> final hidden states, all rows in one product.
at::Tensor Continuation::Batch::through_layers(at::Tensor x, Attention& attention, const Angles& angles,
                                               const std::vector<RowEdit>& edits) {
  LayerContext context{decoder_, workspace_.kernels(), Products::joint, attention, angles, edits, {}, {}};
  for (std::int64_t l = 0; l < decoder_.config().layers; ++l) x = finish(l, x, mix(l, x, context), context);
  require_all_fired(context);
  return final_norm(x, context);
}

std::vector<std::int64_t> Continuation::Batch::step(const std::vector<std::int64_t>& tokens,
                                                    const std::vector<std::int64_t>& indices) {
  std::vector<RowEdit> edits;
  std::vector<std::int64_t> in_answer;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    edits.push_back(rows_[r].edit(indices[r], 1));
    in_answer.push_back(indices[r] - prompt_length_);
  }
  const Angles own = angles_.at(index_tensor(in_answer, decoder_.options().device()));
  const auto attention = cached_attention(workspace_.kernels(), cache_, indices);
  const at::Tensor x = model_.embed_text(tokens).select(0, 0).unsqueeze(1).clone();  // [R, 1, D]
  const at::Tensor hidden =
      through_layers(x, *attention, {own.cos.unsqueeze(1), own.sin.unsqueeze(1)}, edits);
  return decoder_.read(hidden.squeeze(1), {}).best;
}

Reading Continuation::Batch::check(std::size_t row, const std::vector<std::int64_t>& ids) {
  const std::int64_t n = limit_ - 1;
  std::vector<std::int64_t> tokens(ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(n, std::ssize(ids)));
  tokens.resize(static_cast<std::size_t>(n), model_.config().eos_ids.front());
  const Angles angles{angles_.cos.narrow(0, 0, n), angles_.sin.narrow(0, 0, n)};
  const auto attention =
      check_attention(workspace_.kernels(), cache_, static_cast<std::int64_t>(row), prompt_length_);
  const at::Tensor hidden = through_layers(model_.embed_text(tokens).clone(), *attention, angles,
                                           {rows_[row].edit(prompt_length_, n)});  // [1, n, D]
  return decoder_.read(hidden[0], std::span(ids).subspan(1));
}

namespace {

// Of one row on its way to the fixed point. ids[0, checked) are final.
struct Progress {
  std::vector<std::int64_t> ids;
  std::size_t checked = 0;
  bool done = false;
  bool finite = true;
};

// What a check says of a draft: it stands, or its first id that differs is corrected and final, and what was
// drafted behind that is gone.
template <typename Ended>
void settle(Progress& state, const Reading& reading, const Ended& ended) {
  state.done = true;
  for (std::size_t j = 1; j < state.ids.size(); ++j) {
    if (!std::isfinite(reading.log_sum[j - 1])) {
      state.finite = false;
      return;
    }
    const std::int64_t id = reading.best[j - 1];
    if (j < state.checked || state.ids[j] == id) continue;  // a position once checked stays
    state.ids.resize(j);
    state.ids.push_back(id);
    state.checked = j + 1;
    state.done = ended(state.ids);
    return;
  }
}

}  // namespace

// Rounds of two: drafts of all rows at once, then a check of each row that is not done. A check makes at
// least one more id final, so that there are at most `limit` rounds.
Continuations Continuation::run(const Behind& behind, std::vector<OpenRow> rows) const {
  Continuations result;
  result.rows.resize(rows.size());
  std::vector<Progress> states;    // of the rows that have not ended
  std::vector<std::size_t> place;  // of each in `rows`
  std::vector<OpenRow> open;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    HONES_ASSERT(!rows[r].ids.empty(), "a row without its first token");
    result.rows[r].ids = rows[r].ids;
    if (ended(rows[r].ids)) continue;
    states.push_back({rows[r].ids, rows[r].ids.size(), false, true});
    place.push_back(r);
    open.push_back(std::move(rows[r]));
  }
  if (states.empty()) return result;
  const auto layers = static_cast<double>(model_.decoder().config().layers);
  const auto going = [&](const Progress& state) { return !ended(state.ids); };
  Batch batch(model_, limit_, behind, open);
  while (!std::all_of(states.begin(), states.end(), [](const Progress& state) { return state.done; })) {
    while (std::any_of(states.begin(), states.end(), going)) {
      std::vector<std::int64_t> tokens, indices;
      for (const Progress& state : states) {
        tokens.push_back(state.ids.back());
        indices.push_back(behind.prompt.length + std::ssize(state.ids) - 1);
      }
      const std::vector<std::int64_t> next = batch.step(tokens, indices);
      for (std::size_t r = 0; r < states.size(); ++r) {
        if (going(states[r])) states[r].ids.push_back(next[r]);
      }
      result.decode_layer_positions += layers * static_cast<double>(states.size());
    }
    for (std::size_t r = 0; r < states.size(); ++r) {
      if (states[r].done) continue;
      settle(states[r], batch.check(r, states[r].ids), [this](const auto& ids) { return ended(ids); });
      result.check_layer_positions += layers * static_cast<double>(limit_ - 1);
    }
  }
  const checkpoint::DecoderFlops cost(model_.decoder().config());
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto known = std::ssize(open[i].ids), all = std::ssize(states[i].ids);
    result.useful_flops += cost.through(behind.prompt.length + known - 1, behind.prompt.length + all - 1) +
                           static_cast<double>(all - known) * cost.head;
    Continued& row = result.rows[place[i]];
    row.finite = states[i].finite;
    row.ids = states[i].finite ? std::move(states[i].ids) : std::vector<std::int64_t>{};
  }
  return result;
}

double Continuation::draft_logprob(const Behind& behind, const OpenRow& row,
                                   const std::vector<std::int64_t>& ids, double first_logprob,
                                   double& layer_positions) const {
  const std::vector<OpenRow> rows{row};
  double sum = first_logprob;
  if (ids.size() < 2) return sum;
  Batch batch(model_, limit_, behind, rows);
  const Reading reading = batch.check(0, ids);
  layer_positions += static_cast<double>(model_.decoder().config().layers) * static_cast<double>(limit_ - 1);
  for (const double value : reading.log_probs) sum += value;
  return sum;
}

}  // namespace hones::model
