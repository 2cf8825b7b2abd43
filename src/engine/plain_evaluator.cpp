#include "plain_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>

#include "cell.hpp"
#include "contributed.hpp"

namespace hones::engine {

namespace {

using table::CellBlock;
using table::CellState;

}  // namespace

// One instance with its picture encoded, and what the plain run left.
struct PlainEvaluator::Instance {
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

PlainEvaluator::PlainEvaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
                               const std::vector<TaskItems>& tasks, const benchmark::Benchmark& benchmark,
                               std::int64_t tile_positions)
    : Evaluator(options, model, packer, tasks, benchmark), tile_positions_(tile_positions) {
  for (const TaskItems& items : tasks)
    generators_.emplace_back(model, items.task->answer_limit(options.max_new_tokens));
}

PlainEvaluator::~PlainEvaluator() = default;

const model::Generator& PlainEvaluator::generator_of(const Instance& state) const {
  return generators_[static_cast<std::size_t>(state.task)];
}

const PlainEvaluator::Instance& PlainEvaluator::instance(std::int32_t task, std::int64_t index) {
  if (current_ && current_->task == task && current_->index == index) return *current_;
  current_ = std::make_unique<Instance>();
  Instance& state = *current_;
  state.task = task;
  state.index = index;
  state.what = items_of(task).task.get();
  state.item = &items_of(task).items.at(static_cast<std::size_t>(index));
  if (!state.what->open_ended() && state.item->target.empty()) {
    state.excluded = kEmptyTarget;
    return state;
  }
  const at::Tensor picture = features(*state.item, state.excluded);
  if (!state.excluded.empty()) return state;
  for (std::size_t which = 0; which < state.item->texts.size(); ++which) {
    state.prompts.push_back({prompt(*state.item, which), picture});
    state.last_image_position = state.prompts.back().prompt.last_image_index();
    const std::int64_t length = state.prompts.back().prompt.length();
    state.prefill_positions += static_cast<double>(length);
    state.longest =
        std::max(state.longest,
                 state.what->generates() ? generator_of(state).check_length(state.prompts.back()) : length);
  }
  return state;
}

// What gaussian noise is scaled by; nothing for the other operators.
void PlainEvaluator::measure_trunk(Instance& state) const {
  if (op_ != model::Operator::gaussian || state.trunk_sd.defined()) return;
  model::ForwardInput input;
  input.residual = model_.embed(state.prompts[0]);
  input.sequence = model::sequence_of(state.prompts[0].prompt);
  input.rows.resize(1);
  input.readouts.z_all = true;
  state.trunk_sd = trunk_deviation(input, state.last_image_position, state.layer_positions);
}

// log P(Yes) of a candidate under each row's edits.
std::vector<double> PlainEvaluator::scores_under(const Instance& state, std::size_t which,
                                                 std::vector<model::RowEdit> rows,
                                                 double& layer_positions) const {
  const model::EncodedPrompt& prompt = state.prompts[which];
  model::ForwardInput input;
  input.residual = model_.embed(prompt);
  input.sequence = model::sequence_of(prompt.prompt);
  input.rows = std::move(rows);
  input.readouts.hidden_at = {input.sequence.length() - 1};
  const model::ForwardOutput output = model::forward(model_.decoder(), input);
  layer_positions += static_cast<double>(output.layer_positions);
  return log_p_yes(state.task, output.hidden);
}

// The plain run: column 0 and what everything else is compared with.
void PlainEvaluator::plain_run(Instance& state) const {
  if (state.plain_done || !state.excluded.empty()) return;
  state.plain_done = true;
  const auto plain_rows = [](std::int64_t, std::int64_t) { return std::vector<model::RowEdit>(1); };
  measure_trunk(state);
  if (state.what->generates()) {
    const model::Answers plain = generator_of(state).run(state.prompts[0], 1, plain_rows, {});
    state.answer = plain.rows[0];
    state.layer_positions += static_cast<double>(plain.layer_positions);
    if (!state.answer.finite) {
      state.excluded = kNotFinite;
      return;
    }
    state.score = state.what->score(*state.item, text::answer_text(packer_.tokenizer(), state.answer.ids));
    state.utility = state.score.utility;
    state.answer_logprob = state.answer.log_prob;
    return;
  }
  for (std::size_t which = 0; which < state.prompts.size(); ++which) {
    state.scores.push_back(
        scores_under(state, which, std::vector<model::RowEdit>(1), state.layer_positions)[0]);
    if (!std::isfinite(state.scores.back())) {
      state.excluded = kNotFinite;
      state.excluded += " (candidate " + std::to_string(state.item->candidate_ids[which]) + ")";
      return;
    }
  }
  state.utility = task::retrieval_utility(*state.item, state.scores);
  state.answer_logprob = state.scores[state.item->attributed];
}

// Of one cell: its prompts once, and an answer of so many ids.
double PlainEvaluator::useful_flops(const Instance& state, std::size_t answer) const {
  const checkpoint::DecoderFlops cost(model_.config().text);
  double sum = 0;
  for (const model::EncodedPrompt& prompt : state.prompts)
    sum += cost.generation(prompt.prompt.length(),
                           state.what->generates() ? static_cast<std::int64_t>(answer) : 1);
  return sum;
}

CellBlock PlainEvaluator::plain_block(const Instance& state) const {
  CellBlock block;
  block.instance = state.index;
  block.begin = 0;
  Cell cell{CellState::unchanged, state.utility, state.answer_logprob, state.scores, state.score.counts, {}};
  if (state.what->generates()) cell.answer = state.answer.ids;
  push(block, *state.what, state.prompts.size(), cell);
  return block;
}

model::RowEdit PlainEvaluator::edit(const Instance& state, std::size_t which, const table::Intervention& what,
                                    std::int64_t first, std::int64_t length) const {
  return edit_of(what, [&](std::int64_t layer, std::int64_t head) {
    return noise(*state.what, *state.item, which, layer, head, first, length, state.last_image_position,
                 state.trunk_sd);
  });
}

// Rows as one batch. On a CPU the number of rows changes no bit (tests/model/rows_test.cpp), so a tile needs
// no padding.
void PlainEvaluator::tile(const Instance& state, std::span<const Column> rows, Work& work) const {
  const auto edits_for = [&](std::size_t which) {
    return [&, which](std::int64_t first, std::int64_t length) {
      std::vector<model::RowEdit> edits;
      for (const Column& row : rows) edits.push_back(edit(state, which, row.what, first, length));
      return edits;
    };
  };
  std::vector<std::vector<double>> scores;  // retrieval: [candidate][row]
  model::Answers answers;
  if (state.what->generates()) {
    answers = generator_of(state).run(state.prompts[0], rows.size(), edits_for(0), state.answer.ids);
    work.layer_positions += static_cast<double>(answers.layer_positions);
  } else {
    for (std::size_t which = 0; which < state.prompts.size(); ++which) {
      const auto length = state.prompts[which].prompt.length();
      scores.push_back(scores_under(state, which, edits_for(which)(0, length), work.layer_positions));
    }
  }
  Blocks blocks(state.task, state.index, *state.what, state.prompts.size(), work);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Cell cell = state.what->generates() ? answered(state, answers, row) : ranked(state, scores, row);
    work.useful_flops += useful_flops(state, state.what->generates() ? answers.rows[row].ids.size() : 0);
    ++work.cells;
    work.invalid_by_task[static_cast<std::size_t>(state.task)] += cell.state == CellState::invalid;
    work.full_layer_positions += state.prefill_positions * static_cast<double>(model_.config().text.layers);
    blocks.put(rows[row].column, cell);
  }
  blocks.finish();
}

Cell PlainEvaluator::answered(const Instance& state, const model::Answers& answers, std::size_t row) const {
  const model::Answer& answer = answers.rows[row];
  Cell cell{CellState::unchanged, state.utility, answers.draft_logprob[row], {}, state.score.counts, {}};
  if (!answer.finite || !std::isfinite(cell.answer_logprob)) {
    cell.state = CellState::invalid;
  } else if (answer.ids != state.answer.ids) {
    cell.state = CellState::changed;
    const task::Score score =
        state.what->score(*state.item, text::answer_text(packer_.tokenizer(), answer.ids));
    cell.utility = score.utility;
    cell.counts = score.counts;
    cell.answer = answer.ids;
  }
  return cell;
}

Cell PlainEvaluator::ranked(const Instance& state, const std::vector<std::vector<double>>& scores,
                            std::size_t row) const {
  std::vector<double> own;
  for (const auto& candidate : scores) own.push_back(candidate[row]);
  return ranked_cell(*state.item, state.scores, std::move(own));
}

Work PlainEvaluator::heads(const plan::Unit& unit) {
  const std::int64_t H = model_.config().text.heads;
  std::vector<Column> rows;
  for (std::int64_t layer = unit.group_begin; layer < unit.group_end; ++layer) {
    for (std::int64_t head = 0; head < H; ++head) {
      const table::Head replaced{static_cast<std::int32_t>(layer), static_cast<std::int32_t>(head)};
      if (asked(layer, head)) rows.push_back({1 + layer * H + head, {{replaced}, {}}});
    }
  }
  return columns(unit, rows);
}

Work PlainEvaluator::interventions(const plan::Unit& unit,
                                   const std::vector<std::vector<table::Intervention>>& all) {
  std::vector<Column> rows;
  const auto& of_task = all.at(static_cast<std::size_t>(unit.load));
  for (std::int64_t r = unit.group_begin; r < unit.group_end; ++r)
    rows.push_back({1 + r, of_task.at(static_cast<std::size_t>(r))});
  return columns(unit, rows);
}

Work PlainEvaluator::columns(const plan::Unit& unit, const std::vector<Column>& rows) {
  const c10::InferenceMode no_gradients;
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  const auto task = static_cast<std::int32_t>(unit.load);
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    const bool fresh =
        !(current_ && current_->task == task && current_->index == index && current_->plain_done);
    instance(task, index);
    plain_run(*current_);
    const Instance& state = *current_;
    if (fresh) work.layer_positions += state.layer_positions;
    if (!state.excluded.empty()) {
      work.exclusions.push_back({task, index, state.excluded});
      continue;
    }
    if (unit.owns_plain) {
      work.blocks.push_back({task, plain_block(state)});
      work.useful_flops += useful_flops(state, state.answer.ids.size());
      ++work.cells;
      work.full_layer_positions += state.prefill_positions * static_cast<double>(model_.config().text.layers);
    }
    const auto most =
        static_cast<std::size_t>(tile_rows(tile_positions_, state.longest, model_.config().text.heads));
    for (std::size_t begin = 0; begin < rows.size(); begin += most)
      tile(state, std::span(rows).subspan(begin, std::min(most, rows.size() - begin)), work);
  }
  return work;
}

Work PlainEvaluator::neurons(const plan::Unit& unit, const table::TaskCells& cells,
                             const std::vector<attribution::Target>& targets, table::NeuronSums& sums) {
  const c10::InferenceMode no_gradients;
  const auto& decoder = model_.config().text;
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  std::int64_t& invalid = work.invalid_by_task[static_cast<std::size_t>(unit.load)];
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    if (cells.instances[static_cast<std::size_t>(index)].state == table::InstanceState::excluded) continue;
    instance(static_cast<std::int32_t>(unit.load), index);
    const Instance& state = *current_;
    HONES_ASSERT(state.excluded.empty(), state.excluded);
    const double before = state.layer_positions;
    measure_trunk(*current_);
    work.layer_positions += state.layer_positions - before;
    const std::size_t which = state.item->attributed;
    const model::EncodedPrompt& prompt = state.prompts[which];
    const std::int64_t T = prompt.prompt.length();
    model::ForwardInput input;
    input.residual = model_.embed(prompt);
    input.sequence = model::sequence_of(prompt.prompt);
    input.rows.resize(1);
    input.readouts.a_at = {T - 1};
    const auto pass = [&] {
      model::ForwardOutput output = model::forward(model_.decoder(), input);
      work.layer_positions += static_cast<double>(output.layer_positions);
      return output;
    };
    Contributed contributed(
        cells, index,
        attribution::target_projection(model_.decoder(), targets.at(static_cast<std::size_t>(index))),
        static_cast<double>(T * decoder.layers), sums, work, invalid);
    contributed.plain(pass().a);
    const std::int64_t rows = tile_rows(tile_positions_, T, decoder.heads);
    for (const std::vector<std::size_t>& tile : stored_tiles(sums, decoder.layers, rows)) {
      input.rows.clear();
      for (const std::size_t s : tile) input.rows.push_back(edit(state, which, {{sums.heads[s]}, {}}, 0, T));
      const model::ForwardOutput output = pass();
      for (std::size_t r = 0; r < tile.size(); ++r)
        contributed.head(tile[r], output.a, static_cast<std::int64_t>(r));
    }
  }
  return work;
}

}  // namespace hones::engine
