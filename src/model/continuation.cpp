#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/continuation.hpp>

#include "kernels.hpp"

namespace hones::model {

std::int64_t OpenRow::bytes() const {
  std::int64_t bytes = 0;
  for (const auto* parts : {&keys, &values}) {
    for (const at::Tensor& part : *parts) bytes += static_cast<std::int64_t>(part.nbytes());
  }
  return bytes;
}

std::int64_t Continuation::bytes_of_row(std::int64_t prompt_length) const {
  const checkpoint::DecoderConfig& config = model_.decoder().config();
  return 2 * config.layers * (prompt_length + limit_) * config.kv_heads * config.head_dim *
         static_cast<std::int64_t>(c10::elementSize(model_.decoder().dtype()));
}

// Keys and values of all rows with room for the answer, and where each row stands.
class Continuation::Batch {
 public:
  Batch(const Llava& model, std::int64_t limit, std::int64_t prompt_length, const PlainState& plain,
        const std::vector<std::int64_t>& path, const std::vector<OpenRow>& rows)
      : model_(model),
        decoder_(model.decoder()),
        config_(decoder_.config()),
        limit_(limit),
        prompt_length_(prompt_length),
        rows_(rows) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(prompt_length + limit));
    for (std::size_t t = 0; t < all.size(); ++t) all[t] = static_cast<std::int64_t>(t);
    std::tie(cos_, sin_) = decoder_.rotation(at::tensor(all, at::kLong).unsqueeze(0));
    const auto R = static_cast<std::int64_t>(rows.size());
    for (std::int64_t l = 0; l < config_.layers; ++l) {
      const auto at = static_cast<std::size_t>(l);
      for (const bool keys : {true, false}) {
        at::Tensor cache = at::zeros({R, prompt_length + limit, config_.kv_heads, config_.head_dim},
                                     decoder_.unembedding().options());
        for (std::int64_t r = 0; r < R; ++r) {
          const OpenRow& row = rows[static_cast<std::size_t>(r)];
          const auto n = prompt_length + static_cast<std::int64_t>(row.ids.size()) - 1;
          if (l >= row.keys_from) {
            const auto own = static_cast<std::size_t>(l - row.keys_from);
            cache[r].narrow(0, 0, n).copy_((keys ? row.keys : row.values).at(own));
          } else {
            const at::Tensor index =
                at::tensor(at::ArrayRef<std::int64_t>(path.data(), static_cast<std::size_t>(n)), at::kLong);
            cache[r].narrow(0, 0, n).copy_((keys ? plain.keys : plain.values).at(at).index_select(0, index));
          }
        }
        (keys ? keys_ : values_).push_back(std::move(cache));
      }
    }
  }

  // One token of every row, fed at its own position; returns the argmax behind it. A row that has ended is
  // fed its last token again: leaving it in costs less than copying the others' keys together.
  std::vector<std::int64_t> step(const std::vector<std::int64_t>& tokens,
                                 const std::vector<std::int64_t>& positions);

  // Teacher-forced pass of one row over the limit - 1 positions behind the prompt: float32 logits [limit - 1,
  // V].
  at::Tensor check(std::size_t row, const std::vector<std::int64_t>& ids);

 private:
  // All layers and the final norm over x [n, D], in place: n / R positions of each of the R rows with edits.
  // attend(layer, q, k, v), each [n, heads, Dh] and rotated, gives z [R, n / R, H, Dh].
  template <typename Attend>
  at::Tensor through_layers(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                            const std::vector<RowEdit>& edits, const Attend& attend) const;

  const Llava& model_;
  const Decoder& decoder_;
  const checkpoint::DecoderConfig& config_;
  std::int64_t limit_, prompt_length_;
  const std::vector<OpenRow>& rows_;
  at::Tensor cos_, sin_;                   // [prompt + limit, Dh]
  std::vector<at::Tensor> keys_, values_;  // per layer [R, prompt + limit, KV, Dh]
};

template <typename Attend>
at::Tensor Continuation::Batch::through_layers(const at::Tensor& x, const at::Tensor& cos,
                                               const at::Tensor& sin, const std::vector<RowEdit>& edits,
                                               const Attend& attend) const {
  const std::int64_t n = x.size(0);
  const auto R = static_cast<std::int64_t>(edits.size());
  std::int64_t fired = 0;
  const HeadGroup group;
  at::Tensor h = at::empty_like(x);
  for (std::int64_t l = 0; l < config_.layers; ++l) {
    const Decoder::Layer& layer = decoder_.layer(l);
    rms_norm_into(h, x, layer.input_layernorm, config_.rms_norm_eps);
    const at::Tensor q = at::mm(h, layer.q_proj.t()).view({n, config_.heads, config_.head_dim});
    const at::Tensor k = at::mm(h, layer.k_proj.t()).view({n, config_.kv_heads, config_.head_dim});
    const at::Tensor v = at::mm(h, layer.v_proj.t()).view({n, config_.kv_heads, config_.head_dim});
    rotate_in_place(q, cos, sin);
    rotate_in_place(k, cos, sin);
    const at::Tensor z = apply_head_edits(attend(l, q, k, v), edits, l, group, fired);
    x.addmm_(z.reshape({n, -1}), layer.o_proj.t());
    rms_norm_into(h, x, layer.post_attention_layernorm, config_.rms_norm_eps);
    const at::Tensor gate = at::mm(h, layer.gate_proj.t());
    gate_in_place(gate.unsqueeze(0), at::mm(h, layer.up_proj.t()).unsqueeze(0));
    const at::Tensor a = apply_gains(gate.view({R, n / R, -1}), edits, l, fired);
    x.addmm_(a.view({n, -1}), layer.down_proj.t());
  }
  HONES_ASSERT(fired == expected_firings(edits, group, config_.heads), "an intervention did not fire");
  rms_norm_into(h, x, decoder_.norm(), config_.rms_norm_eps);
  return h;
}

std::vector<std::int64_t> Continuation::Batch::step(const std::vector<std::int64_t>& tokens,
                                                    const std::vector<std::int64_t>& positions) {
  const auto R = static_cast<std::int64_t>(tokens.size());
  const std::int64_t longest = *std::max_element(positions.begin(), positions.end()) + 1;
  const at::Tensor at_position = at::tensor(positions, at::kLong);
  const at::Tensor at_row = at::arange(R, at::kLong);
  const at::Tensor cos = cos_.index_select(0, at_position), sin = sin_.index_select(0, at_position);
  const at::Tensor beyond = at::arange(longest, at::kLong).unsqueeze(0) > at_position.unsqueeze(1);
  const at::Tensor mask = at::zeros({R, 1, 1, longest}, decoder_.unembedding().options())
                              .masked_fill_(beyond.view({R, 1, 1, longest}), -INFINITY);
  std::vector<RowEdit> edits;
  for (std::size_t r = 0; r < rows_.size(); ++r) edits.push_back(rows_[r].edit(positions[r], 1));
  const std::int64_t times = config_.heads / config_.kv_heads;
  const auto attend_cached = [&](std::int64_t l, const at::Tensor& q, const at::Tensor& k,
                                 const at::Tensor& v) {
    at::Tensor& keys = keys_[static_cast<std::size_t>(l)];
    at::Tensor& values = values_[static_cast<std::size_t>(l)];
    keys.index_put_({at_row, at_position}, k);
    values.index_put_({at_row, at_position}, v);
    const auto seen = [&](const at::Tensor& cache) {  // [R, H, longest, Dh]
      return repeated(cache.narrow(1, 0, longest), times).transpose(1, 2);
    };
    return at::scaled_dot_product_attention(q.unsqueeze(2), seen(keys), seen(values), mask).transpose(1, 2);
  };
  const at::Tensor x = model_.embed(tokens, 0, {}).select(0, 0).clone();  // [R, D]
  const at::Tensor hidden = through_layers(x, cos, sin, edits, attend_cached);
  const at::Tensor best = decoder_.logits(hidden).argmax(-1);
  return {best.const_data_ptr<std::int64_t>(), best.const_data_ptr<std::int64_t>() + R};
}

at::Tensor Continuation::Batch::check(std::size_t row, const std::vector<std::int64_t>& ids) {
  const std::int64_t n = limit_ - 1;
  const std::int64_t pad = model_.config().eos_ids.front();
  std::vector<std::int64_t> tokens(ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(n, std::ssize(ids)));
  tokens.resize(static_cast<std::size_t>(n), pad);
  const at::Tensor cos = cos_.narrow(0, prompt_length_, n).contiguous(),
                   sin = sin_.narrow(0, prompt_length_, n).contiguous();
  const std::vector<RowEdit> edits{rows_[row].edit(prompt_length_, n)};
  const std::int64_t times = config_.heads / config_.kv_heads;
  const auto prepared = [&](const at::Tensor& x) { return repeated(x, times).transpose(0, 1).unsqueeze(0); };
  const auto attend_prompt = [&](std::int64_t l, const at::Tensor& q, const at::Tensor& k,
                                 const at::Tensor& v) {
    const auto of_prompt = [&](const std::vector<at::Tensor>& cache) {
      return prepared(
          cache[static_cast<std::size_t>(l)][static_cast<std::int64_t>(row)].narrow(0, 0, prompt_length_));
    };
    const at::Tensor query = q.transpose(0, 1).unsqueeze(0);
    return merge(attend(query, of_prompt(keys_), of_prompt(values_), false),
                 attend(query, prepared(k), prepared(v), true))
        .transpose(1, 2);  // [1, n, H, Dh]
  };
  const at::Tensor x = model_.embed(tokens, 0, {}).select(0, 0).clone();  // [n, D]
  return decoder_.logits(through_layers(x, cos, sin, edits, attend_prompt));
}

namespace {

// Of one row on its way to the fixed point. ids[0, checked) are final.
struct Progress {
  std::vector<std::int64_t> ids;
  std::size_t checked = 0;
  bool done = false;
  bool finite = true;
};

}  // namespace

Continuations Continuation::run(std::int64_t prompt_length, const PlainState& plain,
                                const std::vector<std::int64_t>& path, std::vector<OpenRow> rows) const {
  Continuations result;
  const auto& eos = model_.config().eos_ids;
  const auto ended = [&](const std::vector<std::int64_t>& ids) {
    return static_cast<std::int64_t>(ids.size()) >= limit_ ||
           std::find(eos.begin(), eos.end(), ids.back()) != eos.end();
  };
  result.rows.resize(rows.size());
  std::vector<Progress> states;    // of the rows that have not ended
  std::vector<std::size_t> place;  // of each in `rows`
  for (std::size_t r = 0; r < rows.size(); ++r) {
    HONES_ASSERT(!rows[r].ids.empty(), "a row without its first token");
    result.rows[r].ids = rows[r].ids;
    if (ended(rows[r].ids)) continue;
    states.push_back({rows[r].ids, rows[r].ids.size(), false, true});
    place.push_back(r);
  }
  if (states.empty()) return result;
  std::vector<OpenRow> open;
  for (const std::size_t r : place) open.push_back(std::move(rows[r]));
  const auto layers = static_cast<double>(model_.decoder().config().layers);
  Batch batch(model_, limit_, prompt_length, plain, path, open);
  while (true) {
    // Drafts, all rows at once, each at its own position.
    while (true) {
      std::vector<std::int64_t> tokens, positions;
      std::int64_t going = 0;
      for (const Progress& state : states) {
        tokens.push_back(state.ids.back());
        positions.push_back(prompt_length + static_cast<std::int64_t>(state.ids.size()) - 1);
        going += !ended(state.ids);
      }
      if (going == 0) break;
      const std::vector<std::int64_t> next = batch.step(tokens, positions);
      for (std::size_t r = 0; r < states.size(); ++r) {
        if (!ended(states[r].ids)) states[r].ids.push_back(next[r]);
      }
      result.decode_layer_positions += layers * static_cast<double>(states.size());
    }
    bool all_done = true;
    for (std::size_t r = 0; r < states.size(); ++r) {
      Progress& state = states[r];
      if (state.done) continue;
      const at::Tensor logits = batch.check(r, state.ids);
      result.check_layer_positions += layers * static_cast<double>(limit_ - 1);
      const at::Tensor best = logits.argmax(-1);
      const at::Tensor normaliser = logits.logsumexp(-1);
      state.done = true;
      for (std::size_t j = 1; j < state.ids.size(); ++j) {
        const auto at = static_cast<std::int64_t>(j) - 1;
        if (!std::isfinite(normaliser[at].item<float>())) {
          state.finite = false;
          break;
        }
        const std::int64_t id = best[at].item<std::int64_t>();
        if (j < state.checked || state.ids[j] == id) continue;  // a position once checked stays
        state.ids.resize(j);
        state.ids.push_back(id);
        state.checked = j + 1;
        state.done = ended(state.ids);
        break;
      }
      all_done = all_done && state.done;
    }
    if (all_done) break;
  }
  const checkpoint::DecoderFlops cost(model_.decoder().config());
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto known = std::ssize(open[i].ids), all = std::ssize(states[i].ids);
    result.useful_flops += cost.through(prompt_length + known - 1, prompt_length + all - 1) +
                           static_cast<double>(all - known) * cost.head;
    Continued& row = result.rows[place[i]];
    row.finite = states[i].finite;
    row.ids = states[i].finite ? std::move(states[i].ids) : std::vector<std::int64_t>{};
  }
  return result;
}

double Continuation::draft_logprob(std::int64_t prompt_length, const PlainState& plain,
                                   const std::vector<std::int64_t>& path, const OpenRow& row,
                                   const std::vector<std::int64_t>& ids, double first_logprob,
                                   double& layer_positions) const {
  const std::vector<OpenRow> rows{row};
  double sum = first_logprob;
  if (ids.size() < 2) return sum;
  Batch batch(model_, limit_, prompt_length, plain, path, rows);
  const at::Tensor logits = batch.check(0, ids).to(at::kDouble);
  layer_positions += static_cast<double>(model_.decoder().config().layers) * static_cast<double>(limit_ - 1);
  const at::Tensor normaliser = logits.logsumexp(-1);
  for (std::size_t j = 1; j < ids.size(); ++j) {
    const auto at = static_cast<std::int64_t>(j) - 1;
    sum += logits[at][ids[j]].item<double>() - normaliser[at].item<double>();
  }
  return sum;
}

}  // namespace hones::model
