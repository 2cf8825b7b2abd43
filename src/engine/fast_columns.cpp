// Columns of the table by the fast engine, in tiles of rows that begin at the same layer (one layer's heads,
// or interventions of an ablation), and the rows whose answer changed.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <c10/core/InferenceMode.h>

#include <hones/base/error.hpp>
#include <hones/base/rng.hpp>
#include <hones/checkpoint/flops.hpp>

#include "fast_evaluator.hpp"

namespace hones::engine {

namespace {

using table::CellBlock;
using table::CellState;

// A row that waits to be decoded. It owns its keys and values; its edit borrows the subject and the row.
struct Open {
  std::size_t seat = 0, cell = 0;
  model::OpenRow row;
};

}  // namespace

// The cells of one bundle under `rows`, which its members share. Order: tiles of rows that begin at the same
// layer, ascending, so that a row starts as late as its edit allows; of each tile what the passes say, at
// once, because the next tile overwrites the keys and values that a changed row goes on from (they are copied
// when it is opened); then the rows that changed, batched by prompt, when the tiles are done or what waits
// has grown to kHeldRowBytes; then blocks, columns ascending. `subject` and its trees stay as they are
// throughout: opened rows borrow its plain state.
class FastEvaluator::Columns {
 public:
  Columns(const FastEvaluator& engine, const Subject& subject, const std::vector<Column>& rows, Work& work)
      : engine_(engine),
        subject_(subject),
        rows_(rows),
        work_(work),
        head_flops_(checkpoint::DecoderFlops(engine.model_.config().text).head) {
    cells_.assign(subject.seats.size(), std::vector<Cell>(rows_.size()));
    if (engine.options_.forced_share) {
      for (const Seat& seat : subject.seats) forced_.push_back(drawn(seat, *engine.options_.forced_share));
    }
  }

  void run() {
    std::int64_t longest = 0;
    for (const Tree& tree : subject_.trees) longest = std::max(longest, tree.packed.length());
    const auto most = static_cast<std::size_t>(
        tile_rows(engine_.tile_positions_, longest, engine_.model_.config().text.heads));
    std::vector<std::size_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows_[a].layer < rows_[b].layer; });
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      while (end < order.size() && end - begin < most && rows_[order[end]].layer == rows_[order[begin]].layer)
        ++end;
      tile(std::span(order).subspan(begin, end - begin));
    }
    decode();
    for (std::size_t s = 0; s < subject_.seats.size(); ++s) emit(s);
  }

 private:
  void tile(std::span<const std::size_t> rows);
  void take(std::size_t s, std::size_t row, std::int64_t place, const std::vector<model::TreeRows>& passes);
  void take_answer(std::size_t s, std::size_t row, std::int64_t place,
                   const std::vector<model::TreeRows>& passes);
  std::vector<bool> drawn(const Seat& seat, double share) const;
  void settle(std::size_t s, Cell& cell, const std::vector<std::int64_t>& ids) const;
  void decode();
  void emit(std::size_t s);

  const FastEvaluator& engine_;
  const Subject& subject_;
  const std::vector<Column>& rows_;
  Work& work_;
  double head_flops_;
  std::vector<std::vector<Cell>> cells_;  // [seat][row]
  std::vector<Open> open_;
  std::int64_t held_ = 0;                  // bytes of open_
  std::vector<std::vector<bool>> forced_;  // [seat][layer * H + head]: decodes; with forced_share alone
};

// Heads of all layers whose answer is to be decoded: the same whatever the unit's layers are.
std::vector<bool> FastEvaluator::Columns::drawn(const Seat& seat, double share) const {
  const auto& shape = engine_.model_.config().text;
  std::vector<std::size_t> order(static_cast<std::size_t>(shape.layers * shape.heads));
  std::iota(order.begin(), order.end(), std::size_t{0});
  SplitMix64 rng(key(engine_.options_.seed, "forced",
                     seat.what->name() + "|" + seat.item->image_id + "|" + seat.item->item_id));
  shuffle(std::span(order), rng);
  const auto count = static_cast<std::size_t>(std::ceil(share * static_cast<double>(order.size())));
  std::vector<bool> drawn(order.size());
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) drawn[order[i]] = true;
  return drawn;
}

void FastEvaluator::Columns::tile(std::span<const std::size_t> rows) {
  const std::int64_t layer = rows_[rows.front()].layer;
  std::vector<model::TreeRows> passes;
  for (const Tree& tree : subject_.trees) {
    std::vector<model::RowEdit> edits;
    for (const std::size_t row : rows) edits.push_back(engine_.edit(subject_, tree, rows_[row].what));
    const model::TreePass::Wants wants{true, false, true};
    passes.push_back(engine_.options_.resume ? tree.pass->resume(layer, edits, wants)
                                             : tree.pass->whole(tree.embeddings, edits, wants));
    work_.layer_positions += passes.back().layer_positions;
    work_.useful_flops += passes.back().useful_flops;
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t s = 0; s < subject_.seats.size(); ++s) {
      if (subject_.seats[s].excluded.empty()) take(s, rows[r], static_cast<std::int64_t>(r), passes);
    }
  }
}

// `place`: of the row in its tile.
void FastEvaluator::Columns::take(std::size_t s, std::size_t row, std::int64_t place,
                                  const std::vector<model::TreeRows>& passes) {
  const Seat& seat = subject_.seats[s];
  ++work_.cells;
  work_.useful_flops += static_cast<double>(seat.read()) * head_flops_;
  work_.full_layer_positions +=
      seat.prefill_positions * static_cast<double>(engine_.model_.config().text.layers);
  if (seat.what->generates()) {
    take_answer(s, row, place, passes);
  } else {
    cells_[s][row] = ranked_cell(*seat.item, seat.scores, engine_.read(subject_, seat, passes, place).scores);
  }
}

void FastEvaluator::Columns::take_answer(std::size_t s, std::size_t row, std::int64_t place,
                                         const std::vector<model::TreeRows>& passes) {
  const Seat& seat = subject_.seats[s];
  const Reading reading = engine_.read(subject_, seat, passes, place);
  Cell& cell = cells_[s][row];
  cell = {CellState::unchanged, seat.utility, reading.draft_logprob, {}, seat.score.counts, {}};
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
  if (forced ? !forced_[s][rows_[row].column - 1] : left == seat.answer.end()) return;
  ++work_.decoded;

  Open open{s, row, {}};
  open.row.edit = engine_.answer_edit(subject_, seat, rows_[row].what);
  const model::KeyValues& computed = passes[t].keys_values;
  open.row.keys_values.first = computed.first;
  // Without drafts the pass ends with the prompt: the first id is known, the rest decodes either way.
  const bool differs = right != reading.best.end();
  open.row.ids.assign(reading.best.begin(), forced ? reading.best.begin() + 1 : differs ? right + 1 : right);
  const auto held = prompt.length + static_cast<std::int64_t>(open.row.ids.size()) - 1;
  const at::Tensor path =
      model::index_tensor(tree.packed.path(p, held), engine_.model_.decoder().options().device());
  for (std::size_t l = 0; l < computed.keys.size(); ++l)
    open.row.keys_values.push_back(computed.keys[l].narrow(0, place, 1).index_select(1, path),
                                   computed.values[l].narrow(0, place, 1).index_select(1, path));
  if (!engine_.options_.verify) {
    double positions = 0;
    cell.answer_logprob = engine_.continuation_of(seat).draft_logprob(
        behind(tree, p, held), open.row, seat.answer, reading.first_logprob, positions);
    work_.layer_positions += positions;
    work_.decode_layer_positions += positions;
    if (!std::isfinite(cell.answer_logprob)) {
      cell.state = CellState::invalid;
      return;
    }
  }
  held_ += open.row.keys_values.bytes() + engine_.continuation_of(seat).bytes_of_row(prompt.length);
  open_.push_back(std::move(open));
  if (held_ > kHeldRowBytes) decode();
}

void FastEvaluator::Columns::settle(std::size_t s, Cell& cell, const std::vector<std::int64_t>& ids) const {
  const Seat& seat = subject_.seats[s];
  if (ids == seat.answer) return;  // without drafts every row comes here
  cell.state = CellState::changed;
  const task::Score score = seat.what->score(*seat.item, text::answer_text(engine_.packer_.tokenizer(), ids));
  cell.utility = score.utility;
  cell.counts = score.counts;
  cell.answer = ids;
}

void FastEvaluator::Columns::decode() {
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
    const model::Continuations done =
        engine_.continuation_of(seat).run(behind(tree, p, longest), std::move(rows));
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

void FastEvaluator::Columns::emit(std::size_t s) {
  const Seat& seat = subject_.seats[s];
  if (!seat.excluded.empty()) return;
  Blocks blocks(seat.member.task, seat.member.index, *seat.what, seat.prompts.size(), work_);
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    const Cell& cell = cells_[s][row];
    work_.invalid_by_task[static_cast<std::size_t>(seat.member.task)] += cell.state == CellState::invalid;
    blocks.put(static_cast<std::int64_t>(rows_[row].column), cell);
  }
  blocks.finish();
}

// The plain column of a bundle's members where the unit owns it; whether any can be used.
bool FastEvaluator::plain_column(const Subject& state, bool owned, Work& work) const {
  bool any = false;
  for (const Seat& seat : state.seats) {
    if (!seat.excluded.empty()) {
      work.exclusions.push_back({seat.member.task, seat.member.index, seat.excluded});
      continue;
    }
    any = true;
    if (!owned) continue;
    CellBlock block;
    block.instance = seat.member.index;
    push(block, *seat.what, seat.prompts.size(),
         {CellState::unchanged, seat.utility, seat.answer_logprob, seat.scores, seat.score.counts,
          seat.answer});
    work.blocks.push_back({seat.member.task, std::move(block)});
    ++work.cells;
    work.full_layer_positions += seat.prefill_positions * static_cast<double>(model_.config().text.layers);
  }
  return any;
}

Work FastEvaluator::heads(const plan::Unit& unit) {
  const c10::InferenceMode no_gradients;
  const std::int64_t H = model_.config().text.heads;
  std::vector<Column> rows;
  for (std::int64_t layer = unit.group_begin; layer < unit.group_end; ++layer) {
    for (std::int64_t head = 0; head < H; ++head) {
      const table::Head replaced{static_cast<std::int32_t>(layer), static_cast<std::int32_t>(head)};
      if (asked(layer, head))
        rows.push_back({static_cast<std::size_t>(1 + layer * H + head), layer, {{replaced}, {}}});
    }
  }
  return columns(unit, rows);
}

Work FastEvaluator::interventions(const plan::Unit& unit,
                                  const std::vector<std::vector<table::Intervention>>& all) {
  const c10::InferenceMode no_gradients;
  const std::int64_t layers = model_.config().text.layers;
  const Bundle& first = kinds_.at(static_cast<std::size_t>(unit.load)).bundles.front();
  HONES_ASSERT(first.size() == 1, "interventions are a task's own");
  const auto& of_task = all.at(static_cast<std::size_t>(first.front().task));
  std::vector<Column> rows;
  for (std::int64_t r = unit.group_begin; r < unit.group_end; ++r) {
    const table::Intervention& what = of_task.at(static_cast<std::size_t>(r));
    rows.push_back({static_cast<std::size_t>(1 + r), what.first_layer(layers), what});
  }
  return columns(unit, rows);
}

Work FastEvaluator::columns(const plan::Unit& unit, const std::vector<Column>& rows) {
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  for (std::int64_t bundle = unit.instance_begin; bundle < unit.instance_end; ++bundle) {
    const Subject& state = subject(unit.load, bundle, work);
    if (plain_column(state, unit.owns_plain, work)) Columns(*this, state, rows, work).run();
  }
  return work;
}

}  // namespace hones::engine
