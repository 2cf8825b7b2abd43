#include <algorithm>
#include <cmath>
#include <limits>

#include <c10/core/InferenceMode.h>

#include <hones/attribution/contribution.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/sweep/evaluator.hpp>

namespace hones::sweep {

namespace {

using table::CellBlock;
using table::CellState;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void push_bleu(CellBlock& block, const std::optional<metric::BleuCounts>& counts) {
  for (std::size_t n = 0; n < 4; ++n)
    block.bleu.push_back(counts ? static_cast<std::uint16_t>(counts->guess[n]) : 65535);
  for (std::size_t n = 0; n < 4; ++n)
    block.bleu.push_back(counts ? static_cast<std::uint16_t>(counts->correct[n]) : 65535);
  block.bleu.push_back(counts ? static_cast<std::uint16_t>(counts->hypothesis_length) : 65535);
  block.bleu.push_back(counts ? static_cast<std::uint16_t>(counts->reference_length) : 65535);
}

std::vector<std::int32_t> narrow(const std::vector<std::int64_t>& ids) {
  return {ids.begin(), ids.end()};
}

std::span<const float> values(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// A reason as results may hold it: files by their names in their folder, wherever that lies.
std::string without_folder(std::string reason, const std::filesystem::path& folder) {
  const std::string prefix = (folder / "").string();
  for (auto at = reason.find(prefix); at != std::string::npos; at = reason.find(prefix, at))
    reason.erase(at, prefix.size());
  return reason;
}

void append(CellBlock& to, CellBlock&& from) {
  const auto move_all = [](auto& into, auto& out) {
    into.insert(into.end(), std::make_move_iterator(out.begin()), std::make_move_iterator(out.end()));
  };
  move_all(to.states, from.states);
  move_all(to.utility, from.utility);
  move_all(to.answer_logprob, from.answer_logprob);
  move_all(to.scores, from.scores);
  move_all(to.bleu, from.bleu);
  move_all(to.answers, from.answers);
}

}  // namespace

std::int64_t default_tile_positions(const checkpoint::DecoderConfig& config, std::int64_t bytes_per_value) {
  // Alive at once at the widest point of a layer: residual, norm and their float32 copies (6 D), gate, up and
  // their product (3 F).
  const std::int64_t per_position = bytes_per_value * (6 * config.hidden_size + 3 * config.intermediate_size);
  return std::max<std::int64_t>(1, (std::int64_t{1} << 30) / per_position);
}

std::int64_t tile_rows(std::int64_t tile_positions, std::int64_t positions, std::int64_t heads) {
  return std::clamp<std::int64_t>(tile_positions / std::max<std::int64_t>(positions, 1), 1, heads);
}

// One instance with its picture encoded, and what the plain run left.
struct Evaluator::Instance {
  std::int32_t task = -1;
  std::int64_t index = -1;
  const task::Task* what = nullptr;
  const task::Item* item = nullptr;
  std::string excluded;  // reason; empty: fine
  std::vector<model::EncodedPrompt> prompts;
  std::int64_t last_image_position = -1;
  std::int64_t longest = 0;      // positions of the longest pass over it: what tiles are cut by
  double prefill_positions = 0;  // of one full prefill, all prompts

  bool plain_done = false;
  model::Answer answer;  // generating tasks
  task::Score score;
  double answer_logprob = 0;   // of the plain answer (retrieval: log P(Yes) of the positive)
  std::vector<double> scores;  // retrieval
  double utility = 0;
  at::Tensor trunk_sd;  // gaussian only: [L, H, Dh] over positions up to the last image token
  double layer_positions = 0;
};

Evaluator::Evaluator(const DiscoverOptions& options, const model::Llava& model,
                     const std::vector<TaskItems>& tasks, std::filesystem::path images,
                     std::int64_t tile_positions)
    : options_(options),
      model_(model),
      tasks_(tasks),
      images_(std::move(images)),
      tile_positions_(tile_positions),
      op_(model::operator_from(options.op)),
      chat_(task::chat_for(options.prompts)),
      yes_(tasks.size(), -1) {
  for (const TaskItems& items : tasks)
    generators_.emplace_back(model, items.task->answer_limit(options.max_new_tokens));
  const auto& decoder = model.config().text;
  asked_.assign(static_cast<std::size_t>(decoder.layers),
                std::vector<bool>(static_cast<std::size_t>(decoder.heads), options.heads.empty()));
  for (const table::Head head : options.heads) {
    asked_[static_cast<std::size_t>(head.layer)][static_cast<std::size_t>(head.head)] = true;
  }
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const TaskItems& items = tasks[t];
    if (items.task->generates() || items.items.empty()) continue;
    const std::string& text = items.items.front().texts.front();
    const auto yes = text::answer_ids(model.tokenizer(), chat_, text, "Yes");
    const auto no = text::answer_ids(model.tokenizer(), chat_, text, "No");
    if (yes.size() != 1 || no.size() != 1 || yes == no) {
      throw DataError("the tokenizer makes " + std::to_string(yes.size()) + " tokens of 'Yes' and " +
                      std::to_string(no.size()) + " of 'No' after the prompt; the task " +
                      items.task->name() + " needs one each, and different ones");
    }
    yes_[t] = yes.front();
  }
}

Evaluator::~Evaluator() = default;

const model::Generator& Evaluator::generator_of(const Instance& state) const {
  return generators_[static_cast<std::size_t>(state.task)];
}

const Evaluator::Instance& Evaluator::instance(std::int32_t task, std::int64_t index) {
  if (current_ && current_->task == task && current_->index == index) return *current_;
  current_ = std::make_unique<Instance>();
  Instance& state = *current_;
  state.task = task;
  state.index = index;
  state.what = tasks_[static_cast<std::size_t>(task)].task.get();
  state.item = &tasks_[static_cast<std::size_t>(task)].items.at(static_cast<std::size_t>(index));
  if (!state.what->open_ended() && state.item->target.empty()) {
    state.excluded = "its target is empty";  // annotators may say nothing; there is nothing to attribute to
    return state;
  }
  at::Tensor features;
  try {
    features = model_.encode_picture(task::load_picture(images_, *state.item));
  } catch (const DataError& error) {  // the picture, never a record: those are checked on load
    state.excluded = without_folder(without_folder(error.what(), images_), options_.benchmark);
    return state;
  }
  for (std::size_t which = 0; which < state.item->texts.size(); ++which) {
    const text::Prompt made = text::make_prompt(model_.tokenizer(), chat_, state.item->texts[which],
                                                static_cast<std::size_t>(model_.image_tokens()));
    state.last_image_position = static_cast<std::int64_t>(made.image_begin) + model_.image_tokens() - 1;
    state.prompts.push_back({made.ids, features});
    const auto length = static_cast<std::int64_t>(made.ids.size());
    state.prefill_positions += static_cast<double>(length);
    state.longest =
        std::max(state.longest,
                 state.what->generates() ? generator_of(state).check_length(state.prompts.back()) : length);
  }
  return state;
}

std::vector<double> Evaluator::log_p_yes(const model::ForwardOutput& output, std::int32_t task) const {
  const at::Tensor logits =
      model_.decoder().logits(output.hidden, /*upcast=*/true).contiguous();  // [R, 1, V]
  const std::int64_t V = logits.size(-1);
  std::vector<double> scores;
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    scores.push_back(
        metric::log_probability({logits.const_data_ptr<float>() + row * V, static_cast<std::size_t>(V)},
                                std::span(&yes_[static_cast<std::size_t>(task)], 1)));
  }
  return scores;
}

// What gaussian noise is scaled by; nothing for the other operators.
void Evaluator::measure_trunk(Instance& state) const {
  if (op_ != model::Operator::gaussian || state.trunk_sd.defined()) return;
  model::ForwardInput input;
  input.start.residual =
      model_.embed(state.prompts[0].ids, state.prompts[0].ids.size(), state.prompts[0].features);
  input.sequence = model::linear_sequence(input.start.residual.size(1));
  input.rows.resize(1);
  input.readouts.z_all = true;
  const model::ForwardOutput output = model_.decoder().forward(input);
  state.layer_positions += static_cast<double>(output.layer_positions);
  state.trunk_sd = model::trunk_deviation(output.z, state.last_image_position);
}

// log P(Yes) of a candidate under each row's edits.
std::vector<double> Evaluator::scores_under(const Instance& state, std::size_t which,
                                            std::vector<model::RowEdit> rows, double& layer_positions) const {
  const model::EncodedPrompt& prompt = state.prompts[which];
  model::ForwardInput input;
  input.start.residual = model_.embed(prompt.ids, prompt.ids.size(), prompt.features);
  input.sequence = model::linear_sequence(input.start.residual.size(1));
  input.rows = std::move(rows);
  input.readouts.hidden_at = {input.sequence.length() - 1};
  const model::ForwardOutput output = model_.decoder().forward(input);
  layer_positions += static_cast<double>(output.layer_positions);
  return log_p_yes(output, state.task);
}

// The plain run: column 0 and what everything else is compared with.
void Evaluator::plain_run(Instance& state) const {
  if (state.plain_done || !state.excluded.empty()) return;
  state.plain_done = true;
  const auto plain_rows = [](std::int64_t, std::int64_t) { return std::vector<model::RowEdit>(1); };
  measure_trunk(state);
  if (state.what->generates()) {
    const model::Answers plain = generator_of(state).run(state.prompts[0], 1, plain_rows, {});
    state.answer = plain.rows[0];
    state.layer_positions += static_cast<double>(plain.layer_positions);
    if (!state.answer.finite) {
      state.excluded = "the plain run's logits are not finite";
      return;
    }
    state.score = state.what->score(*state.item, text::answer_text(model_.tokenizer(), state.answer.ids));
    state.utility = state.score.utility;
    state.answer_logprob = state.answer.log_prob;
    return;
  }
  for (std::size_t which = 0; which < state.prompts.size(); ++which) {
    state.scores.push_back(
        scores_under(state, which, std::vector<model::RowEdit>(1), state.layer_positions)[0]);
    if (!std::isfinite(state.scores.back())) {
      state.excluded = "the plain run's logits are not finite (candidate " +
                       std::to_string(state.item->candidate_ids[which]) + ")";
      return;
    }
  }
  state.utility = task::retrieval_utility(*state.item, state.scores);
  state.answer_logprob = state.scores[state.item->attributed];
}

CellBlock Evaluator::plain_block(const Instance& state) const {
  CellBlock block;
  block.instance = state.index;
  block.begin = 0;
  block.states = {CellState::unchanged};
  block.utility = {state.utility};
  block.answer_logprob = {static_cast<float>(state.answer_logprob)};
  if (state.what->generates()) {
    block.answers = {narrow(state.answer.ids)};
  } else {
    block.scores.assign(state.scores.begin(), state.scores.end());
    block.answers.resize(1);
  }
  if (state.score.bleu) push_bleu(block, state.score.bleu);
  return block;
}

model::RowEdit Evaluator::edit(const Instance& state, std::size_t which, std::int64_t layer,
                               std::int64_t head, std::int64_t first, std::int64_t length) const {
  model::HeadEdit replaced{layer, {head}, op_, {}};
  if (op_ == model::Operator::gaussian) {
    const std::string id =
        state.what->generates() ? state.item->item_id : std::to_string(state.item->candidate_ids[which]);
    replaced.noise =
        model::gaussian_noise(options_.seed, state.item->image_id, layer, head, state.what->name() + "|" + id,
                              first, length, state.last_image_position, state.trunk_sd[layer][head],
                              options_.sigma)
            .unsqueeze(0);
  }
  return {{std::move(replaced)}, {}};
}

// Heads [begin, end) of one layer as the rows of one batch, those that were asked for. On a CPU the number of
// rows changes no bit (tests/model/rows_test.cpp), so a tile needs no padding.
CellBlock Evaluator::head_tile(const Instance& state, std::int64_t layer, std::int64_t begin,
                               std::int64_t end, Work& work) const {
  const auto& asked = asked_[static_cast<std::size_t>(layer)];
  std::vector<std::int64_t> heads;
  for (std::int64_t head = begin; head < end; ++head) {
    if (asked[static_cast<std::size_t>(head)]) heads.push_back(head);
  }
  const auto edits_for = [&](std::size_t which) {
    return [&, which](std::int64_t first, std::int64_t length) {
      std::vector<model::RowEdit> rows;
      for (const std::int64_t head : heads) rows.push_back(edit(state, which, layer, head, first, length));
      return rows;
    };
  };
  CellBlock block;
  block.instance = state.index;
  block.begin = 1 + layer * model_.config().text.heads + begin;
  block.answers.resize(static_cast<std::size_t>(end - begin));

  std::vector<std::vector<double>> scores;  // retrieval: [candidate][row]
  model::Answers answers;
  if (state.what->generates()) {
    answers = generator_of(state).run(state.prompts[0], heads.size(), edits_for(0), state.answer.ids);
    work.layer_positions += static_cast<double>(answers.layer_positions);
  } else {
    for (std::size_t which = 0; which < state.prompts.size(); ++which) {
      const auto length = static_cast<std::int64_t>(state.prompts[which].ids.size());
      scores.push_back(scores_under(state, which, edits_for(which)(0, length), work.layer_positions));
    }
  }
  std::size_t row = 0;  // of the batch
  for (std::int64_t head = begin; head < end; ++head) {
    CellState cell = CellState::unchanged;
    double utility = state.utility, logprob = kNaN;
    std::optional<metric::BleuCounts> bleu = state.score.bleu;
    std::vector<double> row_scores;
    if (!asked[static_cast<std::size_t>(head)]) {
      cell = CellState::not_asked;
    } else if (state.what->generates()) {
      const model::Answer& answer = answers.rows[row];
      logprob = answers.draft_logprob[row];
      if (!answer.finite || !std::isfinite(logprob)) {
        cell = CellState::invalid;
      } else if (answer.ids != state.answer.ids) {
        cell = CellState::changed;
        const task::Score score =
            state.what->score(*state.item, text::answer_text(model_.tokenizer(), answer.ids));
        utility = score.utility;
        bleu = score.bleu;
        block.answers[static_cast<std::size_t>(head - begin)] = narrow(answer.ids);
      }
    } else {
      for (const auto& candidate : scores) row_scores.push_back(candidate[row]);
      if (!std::all_of(row_scores.begin(), row_scores.end(), [](double s) { return std::isfinite(s); })) {
        cell = CellState::invalid;
      } else {
        logprob = row_scores[state.item->attributed];
        utility = task::retrieval_utility(*state.item, row_scores);
        if (task::ranking_differs(state.scores, row_scores)) cell = CellState::changed;
      }
    }
    const bool done = cell == CellState::unchanged || cell == CellState::changed;
    block.states.push_back(cell);
    block.utility.push_back(done ? utility : kNaN);
    block.answer_logprob.push_back(static_cast<float>(done ? logprob : kNaN));
    if (!state.what->generates()) {
      for (std::size_t c = 0; c < state.prompts.size(); ++c)
        block.scores.push_back(static_cast<float>(done ? row_scores[c] : kNaN));
    }
    if (state.score.bleu) push_bleu(block, done ? bleu : std::nullopt);
    if (cell != CellState::not_asked) {
      ++row;
      ++work.cells;
      work.invalid_cells += cell == CellState::invalid;
      work.full_layer_positions += state.prefill_positions * static_cast<double>(model_.config().text.layers);
    }
  }
  return block;
}

Work Evaluator::heads(const plan::Unit& unit) {
  const c10::InferenceMode no_gradients;
  const std::int64_t H = model_.config().text.heads;
  Work work;
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    const bool fresh =
        !(current_ && current_->task == unit.task && current_->index == index && current_->plain_done);
    instance(unit.task, index);
    plain_run(*current_);
    const Instance& state = *current_;
    if (fresh) work.layer_positions += state.layer_positions;
    if (!state.excluded.empty()) {
      work.exclusions.push_back({unit.task, index, state.excluded});
      continue;
    }
    if (unit.owns_plain) {
      work.blocks.push_back(plain_block(state));
      ++work.cells;
      work.full_layer_positions += state.prefill_positions * static_cast<double>(model_.config().text.layers);
    }
    const std::int64_t rows = tile_rows(tile_positions_, state.longest, H);
    for (std::int64_t layer = unit.layer_begin; layer < unit.layer_end; ++layer) {
      CellBlock all;
      for (std::int64_t begin = 0; begin < H; begin += rows) {
        const std::int64_t end = std::min(begin + rows, H);
        const auto& asked = asked_[static_cast<std::size_t>(layer)];
        if (std::none_of(asked.begin() + begin, asked.begin() + end, [](bool a) { return a; })) continue;
        CellBlock block = head_tile(state, layer, begin, end, work);
        if (all.states.empty()) {
          all = std::move(block);
        } else if (all.begin + static_cast<std::int64_t>(all.states.size()) == block.begin) {
          append(all, std::move(block));
        } else {
          work.blocks.push_back(std::move(all));
          all = std::move(block);
        }
      }
      if (!all.states.empty()) work.blocks.push_back(std::move(all));
    }
  }
  return work;
}

// Empty for an instance that will be excluded, because its own target is.
attribution::Target Evaluator::target_of(const TaskItems& items, const task::Item& item,
                                         const metric::DocumentFrequency& frequency) const {
  if (items.task->open_ended()) {
    attribution::Target target =
        attribution::open_target(model_.tokenizer(), item.references, frequency, options_.open_target_join);
    if (target.ids.empty()) throw DataError("its references have no tokens");
    return target;
  }
  if (item.target.empty()) return {};
  return attribution::fixed_target(
      text::answer_ids(model_.tokenizer(), chat_, item.texts.at(item.attributed), item.target));
}

std::vector<attribution::Target> Evaluator::targets(std::size_t task,
                                                    const metric::DocumentFrequency& frequency) const {
  const TaskItems& items = tasks_[task];
  std::vector<attribution::Target> targets;
  for (const task::Item& item : items.items) {
    try {
      targets.push_back(target_of(items, item, frequency));
    } catch (const DataError& error) {
      throw DataError(item.where + ": " + error.what());
    }
  }
  return targets;
}

Work Evaluator::neurons(const plan::Unit& unit, const table::TaskCells& cells,
                        const std::vector<attribution::Target>& targets, table::NeuronSums& sums) {
  const c10::InferenceMode no_gradients;
  const auto& decoder = model_.config().text;
  Work work;
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    if (cells.instances[static_cast<std::size_t>(index)].state == table::InstanceState::excluded) continue;
    instance(unit.task, index);
    const Instance& state = *current_;
    HONES_ASSERT(state.excluded.empty(), state.excluded);
    const double before = state.layer_positions;
    measure_trunk(*current_);
    work.layer_positions += state.layer_positions - before;
    const std::size_t which = state.item->attributed;
    const model::EncodedPrompt& prompt = state.prompts[which];
    const at::Tensor projection =
        attribution::target_projection(model_.decoder(), targets.at(static_cast<std::size_t>(index)));
    model::ForwardInput input;
    input.start.residual = model_.embed(prompt.ids, prompt.ids.size(), prompt.features);
    const std::int64_t T = input.start.residual.size(1);
    input.sequence = model::linear_sequence(T);
    input.rows.resize(1);
    input.readouts.a_at = {T - 1};
    const auto pass = [&] {
      model::ForwardOutput output = model_.decoder().forward(input);
      work.layer_positions += static_cast<double>(output.layer_positions);
      return output;
    };
    const at::Tensor plain = attribution::contributions(pass().a, 0, projection);
    ++work.cells;
    const double full = static_cast<double>(T * decoder.layers);
    work.full_layer_positions += full;
    // Its heads may still be usable: what enters their sums is a difference.
    if (!attribution::add_plain(sums, values(plain))) ++work.invalid_cells;
    for (std::int64_t layer = 0; layer < decoder.layers; ++layer) {
      std::vector<std::int64_t> stored;  // indices into sums.heads of this layer's heads
      for (std::size_t s = 0; s < sums.heads.size(); ++s) {
        if (sums.heads[s].layer == layer) stored.push_back(static_cast<std::int64_t>(s));
      }
      const auto rows = static_cast<std::size_t>(tile_rows(tile_positions_, T, decoder.heads));
      for (std::size_t begin = 0; begin < stored.size(); begin += rows) {
        const std::size_t end = std::min(begin + rows, stored.size());
        input.rows.clear();
        for (std::size_t i = begin; i < end; ++i) {
          input.rows.push_back(
              edit(state, which, layer, sums.heads[static_cast<std::size_t>(stored[i])].head, 0, T));
        }
        const model::ForwardOutput output = pass();
        for (std::size_t i = begin; i < end; ++i) {
          const table::Head head = sums.heads[static_cast<std::size_t>(stored[i])];
          ++work.cells;
          work.full_layer_positions += full;
          const bool usable =
              cells.states[cells.at(index, cells.shape.column(head.layer, head.head))] != CellState::invalid;
          const at::Tensor replaced = attribution::contributions(
              output.a, static_cast<std::int64_t>(i - begin), projection, layer, plain);
          if (usable && !attribution::add_head(sums, stored[i], values(plain), values(replaced)))
            ++work.invalid_cells;
        }
      }
    }
  }
  return work;
}

}  // namespace hones::sweep
