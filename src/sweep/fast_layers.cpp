// The head stage of the fast engine: tiles of one layer's heads, and the rows whose answer changed.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <c10/core/InferenceMode.h>

#include <hones/base/rng.hpp>
#include <hones/checkpoint/flops.hpp>

#include "fast_evaluator.hpp"

namespace hones::sweep {

namespace {

using table::CellBlock;
using table::CellState;

// A row that waits to be decoded.
struct Open {
  std::size_t seat = 0, cell = 0;
  model::OpenRow row;
};

}  // namespace

// The cells of a range of layers of one bundle: passes first, then the rows that changed, batched by prompt.
class FastEvaluator::Layers {
 public:
  Layers(const FastEvaluator& engine, const Subject& subject, const plan::Unit& unit, Work& work)
      : engine_(engine),
        subject_(subject),
        unit_(unit),
        work_(work),
        H_(engine.model_.config().text.heads),
        head_flops_(checkpoint::DecoderFlops(engine.model_.config().text).head) {
    cells_.assign(subject.seats.size(),
                  std::vector<Cell>(static_cast<std::size_t>((unit.layer_end - unit.layer_begin) * H_)));
    if (engine.options_.forced_share) {
      for (const Seat& seat : subject.seats) forced_.push_back(drawn(seat, *engine.options_.forced_share));
    }
  }

  void run() {
    std::int64_t longest = 0;
    for (const Tree& tree : subject_.trees) longest = std::max(longest, tree.packed.length());
    const std::int64_t rows = tile_rows(engine_.tile_positions_, longest, H_);
    for (std::int64_t layer = unit_.layer_begin; layer < unit_.layer_end; ++layer) {
      for (std::int64_t begin = 0; begin < H_; begin += rows) {
        std::vector<std::int64_t> heads;
        for (std::int64_t head = begin; head < std::min(begin + rows, H_); ++head) {
          if (engine_.asked(layer, head)) heads.push_back(head);
        }
        if (!heads.empty()) tile(layer, heads);
      }
    }
    decode();
    for (std::size_t s = 0; s < subject_.seats.size(); ++s) emit(s);
  }

 private:
  struct Row {
    std::int64_t layer, head, index;  // index: of the tile
  };
  void tile(std::int64_t layer, const std::vector<std::int64_t>& heads);
  void take(std::size_t s, const Row& row, const std::vector<model::TreeRows>& passes);
  void take_answer(std::size_t s, const Row& row, const std::vector<model::TreeRows>& passes);
  std::vector<bool> drawn(const Seat& seat, double share) const;
  std::size_t place(const Row& row) const {
    return static_cast<std::size_t>((row.layer - unit_.layer_begin) * H_ + row.head);
  }
  void settle(std::size_t s, Cell& cell, const std::vector<std::int64_t>& ids) const;
  void decode();
  void emit(std::size_t s);

  const FastEvaluator& engine_;
  const Subject& subject_;
  const plan::Unit& unit_;
  Work& work_;
  std::int64_t H_;
  double head_flops_;
  std::vector<std::vector<Cell>> cells_;  // [seat][(layer - layer_begin) * H + head]
  std::vector<Open> open_;
  std::int64_t held_ = 0;                  // bytes of open_
  std::vector<std::vector<bool>> forced_;  // [seat][layer * H + head]: decodes; with forced_share alone
};

// Heads of all layers whose answer is to be decoded: the same whatever the unit's layers are.
std::vector<bool> FastEvaluator::Layers::drawn(const Seat& seat, double share) const {
  std::vector<std::size_t> order(static_cast<std::size_t>(engine_.model_.config().text.layers * H_));
  std::iota(order.begin(), order.end(), std::size_t{0});
  SplitMix64 rng(key(engine_.options_.seed, "forced",
                     seat.what->name() + "|" + seat.item->image_id + "|" + seat.item->item_id));
  shuffle(std::span(order), rng);
  const auto count = static_cast<std::size_t>(std::ceil(share * static_cast<double>(order.size())));
  std::vector<bool> drawn(order.size());
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) drawn[order[i]] = true;
  return drawn;
}

void FastEvaluator::Layers::tile(std::int64_t layer, const std::vector<std::int64_t>& heads) {
  std::vector<model::TreeRows> passes;
  for (const Tree& tree : subject_.trees) {
    std::vector<model::RowEdit> edits;
    for (const std::int64_t head : heads) edits.push_back(engine_.edit(subject_, tree, layer, head));
    const model::TreePass::Wants wants{true, false, true};
    passes.push_back(engine_.options_.resume ? tree.pass->resume(layer, edits, wants)
                                             : tree.pass->whole(tree.embeddings, edits, wants));
    work_.layer_positions += passes.back().layer_positions;
    work_.useful_flops += passes.back().useful_flops;
  }
  for (std::size_t r = 0; r < heads.size(); ++r) {
    for (std::size_t s = 0; s < subject_.seats.size(); ++s) {
      if (subject_.seats[s].excluded.empty())
        take(s, {layer, heads[r], static_cast<std::int64_t>(r)}, passes);
    }
  }
}

void FastEvaluator::Layers::take(std::size_t s, const Row& row, const std::vector<model::TreeRows>& passes) {
  const Seat& seat = subject_.seats[s];
  ++work_.cells;
  work_.useful_flops += static_cast<double>(seat.read()) * head_flops_;
  work_.full_layer_positions +=
      seat.prefill_positions * static_cast<double>(engine_.model_.config().text.layers);
  if (seat.what->generates()) {
    take_answer(s, row, passes);
  } else {
    cells_[s][place(row)] =
        ranked_cell(*seat.item, seat.scores, engine_.read(subject_, seat, passes, row.index).scores);
  }
}

void FastEvaluator::Layers::take_answer(std::size_t s, const Row& row,
                                        const std::vector<model::TreeRows>& passes) {
  const Seat& seat = subject_.seats[s];
  const Reading reading = engine_.read(subject_, seat, passes, row.index);
  Cell& cell = cells_[s][place(row)];
  cell = {CellState::unchanged, seat.utility, reading.draft_logprob, {}, seat.score.bleu, {}};
  if (!reading.finite || !std::isfinite(reading.draft_logprob)) {
    cell.state = CellState::invalid;
    return;
  }
  const auto [t, p] = seat.places.front();
  const Tree& tree = subject_.trees[t];
  const auto& prompt = tree.packed.prompts[p];
  const auto [left, right] =
      std::mismatch(seat.answer.begin(), seat.answer.end(), reading.best.begin(), reading.best.end());
  const bool forced = engine_.options_.forced_share.has_value();
  // Every id the same: so is the utility.
  if (forced ? !forced_[s][static_cast<std::size_t>(row.layer * H_ + row.head)] : left == seat.answer.end())
    return;
  ++work_.decoded;

  Open open{s, place(row), {}};
  open.row.edit = engine_.answer_edit(subject_, seat, row.layer, row.head);
  open.row.keys_from = passes[t].keys_from;
  // Without drafts the pass ends with the prompt: the first id is known, the rest decodes either way.
  const bool differs = right != reading.best.end();
  open.row.ids.assign(reading.best.begin(), forced ? reading.best.begin() + 1 : differs ? right + 1 : right);
  const auto held = prompt.length + static_cast<std::int64_t>(open.row.ids.size()) - 1;
  const at::Tensor path = at::tensor(tree.packed.path(p, held), at::kLong);
  for (std::size_t l = 0; l < passes[t].keys.size(); ++l) {
    open.row.keys.push_back(passes[t].keys[l][row.index].index_select(0, path));
    open.row.values.push_back(passes[t].values[l][row.index].index_select(0, path));
  }
  if (!engine_.options_.verify) {
    double computed = 0;
    cell.answer_logprob = engine_.continuation_of(seat).draft_logprob(
        prompt.length, tree.pass->state(), tree.packed.path(p, held), open.row, seat.answer,
        reading.first_logprob, computed);
    work_.layer_positions += computed;
    work_.decode_layer_positions += computed;
    if (!std::isfinite(cell.answer_logprob)) {
      cell.state = CellState::invalid;
      return;
    }
  }
  held_ += open.row.bytes() + engine_.continuation_of(seat).bytes_of_row(prompt.length);
  open_.push_back(std::move(open));
  if (held_ > kHeldRowBytes) decode();
}

void FastEvaluator::Layers::settle(std::size_t s, Cell& cell, const std::vector<std::int64_t>& ids) const {
  const Seat& seat = subject_.seats[s];
  if (ids == seat.answer) return;  // without drafts every row comes here
  cell.state = CellState::changed;
  const task::Score score = seat.what->score(*seat.item, text::answer_text(engine_.model_.tokenizer(), ids));
  cell.utility = score.utility;
  cell.bleu = score.bleu;
  cell.answer = ids;
}

void FastEvaluator::Layers::decode() {
  for (std::size_t s = 0; s < subject_.seats.size(); ++s) {
    std::vector<std::size_t> cells;
    std::vector<model::OpenRow> rows;
    for (Open& open : open_) {
      if (open.seat != s) continue;
      cells.push_back(open.cell);
      rows.push_back(std::move(open.row));
    }
    if (rows.empty()) continue;
    const Seat& seat = subject_.seats[s];
    const auto [t, p] = seat.places.front();
    const Tree& tree = subject_.trees[t];
    const auto& prompt = tree.packed.prompts[p];
    const std::int64_t longest = prompt.length + prompt.drafted();
    const model::Continuations done = engine_.continuation_of(seat).run(
        prompt.length, tree.pass->state(), tree.packed.path(p, longest), std::move(rows));
    work_.layer_positions += done.decode_layer_positions + done.check_layer_positions;
    work_.useful_flops += done.useful_flops;
    work_.decode_layer_positions += done.decode_layer_positions + done.check_layer_positions;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Cell& cell = cells_[s][cells[i]];
      if (!done.rows[i].finite) {
        cell.state = CellState::invalid;
      } else {
        settle(s, cell, done.rows[i].ids);
      }
    }
  }
  open_.clear();
  held_ = 0;
}

void FastEvaluator::Layers::emit(std::size_t s) {
  const Seat& seat = subject_.seats[s];
  if (!seat.excluded.empty()) return;
  for (std::int64_t layer = unit_.layer_begin; layer < unit_.layer_end; ++layer) {
    if (!engine_.any_asked(layer, 0, H_)) continue;
    CellBlock block;
    block.instance = seat.member.index;
    block.begin = 1 + layer * H_;
    for (std::int64_t head = 0; head < H_; ++head) {
      const Cell& cell = cells_[s][static_cast<std::size_t>((layer - unit_.layer_begin) * H_ + head)];
      work_.invalid_by_task[static_cast<std::size_t>(seat.member.task)] += cell.state == CellState::invalid;
      push(block, *seat.what, seat.prompts.size(), cell);
    }
    work_.blocks.push_back({seat.member.task, std::move(block)});
  }
}

Work FastEvaluator::heads(const plan::Unit& unit) {
  const c10::InferenceMode no_gradients;
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  for (std::int64_t bundle = unit.instance_begin; bundle < unit.instance_end; ++bundle) {
    const Subject& state = subject(unit.load, bundle, work);
    bool any = false;
    for (const Seat& seat : state.seats) {
      if (!seat.excluded.empty()) {
        work.exclusions.push_back({seat.member.task, seat.member.index, seat.excluded});
        continue;
      }
      any = true;
      if (!unit.owns_plain) continue;
      CellBlock block;
      block.instance = seat.member.index;
      push(block, *seat.what, seat.prompts.size(),
           {CellState::unchanged, seat.utility, seat.answer_logprob, seat.scores, seat.score.bleu,
            seat.answer});
      work.blocks.push_back({seat.member.task, std::move(block)});
      ++work.cells;
      work.full_layer_positions += seat.prefill_positions * static_cast<double>(model_.config().text.layers);
    }
    if (any) Layers(*this, state, unit, work).run();
  }
  return work;
}

}  // namespace hones::sweep
