#include "fast_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include <c10/core/InferenceMode.h>

#include <hones/attribution/contribution.hpp>
#include <hones/attribution/neurons.hpp>
#include <hones/base/error.hpp>
#include <hones/model/prompt_tree.hpp>

namespace hones::sweep {

namespace {

using table::CellBlock;
using table::CellState;

// Keys and values of rows that wait to be decoded, on one rank. Decoding them earlier or later changes no
// bit.
constexpr std::int64_t kHeldBytes = std::int64_t{512} << 20;

std::span<const float> values(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

std::vector<std::int64_t> all_read(const model::PromptTree& tree) {
  std::vector<std::int64_t> read;
  for (const auto& prompt : tree.prompts) read.insert(read.end(), prompt.read.begin(), prompt.read.end());
  return read;
}

}  // namespace

// One packed sequence of a bundle, and the plain run over it.
struct FastEvaluator::Tree {
  model::PromptTree packed;
  std::unique_ptr<model::TreePass> pass;
  at::Tensor embeddings;  // [T, D]; kept where rows begin at layer 0
  model::TreeRow plain;
};

// One instance of a bundle: where its prompts lie, and what the plain run left.
struct FastEvaluator::Seat {
  Member member;
  const task::Task* what = nullptr;
  const task::Item* item = nullptr;
  std::string excluded;
  std::vector<std::vector<std::int64_t>> prompts;           // ids
  std::vector<std::pair<std::size_t, std::size_t>> places;  // per prompt: tree, prompt of that tree
  double prefill_positions = 0;

  std::vector<std::int64_t> answer;  // generating tasks
  task::Score score;
  double utility = 0, answer_logprob = 0;
  std::vector<double> scores;  // retrieval
};

struct FastEvaluator::Subject {
  std::vector<Seat> seats;
  std::vector<Tree> trees;
  at::Tensor features;
  std::int64_t last_image_position = -1;
  at::Tensor trunk_sd;  // gaussian only
  double layer_positions = 0;
};

// What a pass over the trees says of one instance.
struct FastEvaluator::Reading {
  std::vector<std::int64_t> best;  // argmax at every position read (generating tasks)
  double draft_logprob = 0;
  double first_logprob = 0;    // of the plain answer's first id
  std::vector<double> scores;  // retrieval
  bool finite = true;
};

// A row that waits to be decoded.
struct FastEvaluator::Open {
  std::size_t seat = 0, cell = 0;
  model::OpenRow row;
};

FastEvaluator::FastEvaluator(const DiscoverOptions& options, const model::Llava& model,
                             const std::vector<TaskItems>& tasks, const std::vector<Kind>& kinds,
                             std::filesystem::path images)
    : Evaluator(options, model, tasks, std::move(images)),
      kinds_(kinds),
      continuation_(model, options.max_new_tokens) {}

FastEvaluator::~FastEvaluator() = default;

const FastEvaluator::Subject& FastEvaluator::subject(std::int64_t kind, std::int64_t bundle, Work& work) {
  if (current_ && current_kind_ == kind && current_bundle_ == bundle) return *current_;
  current_ = std::make_unique<Subject>();
  current_kind_ = kind;
  current_bundle_ = bundle;
  seat(*current_, kinds_.at(static_cast<std::size_t>(kind)).bundles.at(static_cast<std::size_t>(bundle)));
  plain_run(*current_);
  work.layer_positions += current_->layer_positions;
  return *current_;
}

// The picture and the prompts' ids; instances that cannot be used are named so.
void FastEvaluator::seat(Subject& subject, const Bundle& bundle) const {
  std::string no_picture;
  for (const Member& member : bundle) {
    Seat seat;
    seat.member = member;
    seat.what = items_of(member.task).task.get();
    seat.item = &items_of(member.task).items.at(static_cast<std::size_t>(member.index));
    if (!seat.what->open_ended() && seat.item->target.empty()) seat.excluded = kEmptyTarget;
    if (seat.excluded.empty() && !subject.features.defined() && no_picture.empty())
      subject.features = features(*seat.item, no_picture);
    if (seat.excluded.empty()) seat.excluded = no_picture;
    if (seat.excluded.empty()) {
      for (std::size_t which = 0; which < seat.item->texts.size(); ++which) {
        const text::Prompt made = prompt(*seat.item, which);
        subject.last_image_position = static_cast<std::int64_t>(made.image_begin) + model_.image_tokens() - 1;
        seat.prefill_positions += static_cast<double>(made.ids.size());
        seat.prompts.push_back(made.ids);
      }
    }
    subject.seats.push_back(std::move(seat));
  }
}

// Packs prompts and drafts, and runs them plainly. Without options.tree every prompt is a sequence of its
// own.
void FastEvaluator::plant(Subject& subject) const {
  subject.trees.clear();
  std::vector<std::vector<std::vector<std::int64_t>>> prompts, drafts;  // per tree
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    seat.places.clear();
    for (const auto& ids : seat.prompts) {
      if (!options_.tree || prompts.empty()) {
        prompts.emplace_back();
        drafts.emplace_back();
      }
      seat.places.emplace_back(prompts.size() - 1, prompts.back().size());
      prompts.back().push_back(ids);
      drafts.back().push_back(seat.answer.empty() || !options_.verify ? std::vector<std::int64_t>{}
                                                                      : seat.answer);
    }
  }
  // Noise belongs to the trunk up to the last image token and to the prompt behind it, whatever the ids
  // share.
  const std::int64_t most_shared = op_ == model::Operator::gaussian
                                       ? subject.last_image_position + 1
                                       : std::numeric_limits<std::int64_t>::max();
  for (std::size_t t = 0; t < prompts.size(); ++t) {
    Tree tree;
    tree.packed = model::make_tree(prompts[t], drafts[t], most_shared);
    HONES_ASSERT(tree.packed.trunk > subject.last_image_position, "prompts that differ before their picture");
    tree.pass =
        std::make_unique<model::TreePass>(model_.decoder(), tree.packed.sequence, all_read(tree.packed));
    tree.embeddings =
        model_.embed(tree.packed.ids, static_cast<std::size_t>(tree.packed.trunk), subject.features)
            .select(0, 0);
    tree.plain = tree.pass->plain(tree.embeddings, {});
    if (options_.resume) tree.embeddings = at::Tensor();
    subject.layer_positions += tree.plain.layer_positions;
    subject.trees.push_back(std::move(tree));
  }
}

FastEvaluator::Reading FastEvaluator::read(const Subject& subject, const Seat& seat,
                                           const std::vector<model::TreeRow>& rows) const {
  Reading reading;
  if (!seat.what->generates()) {
    // Candidates of one tree in one product: their number is the instance's own.
    for (std::size_t p = 0; p < seat.places.size();) {
      const std::size_t t = seat.places[p].first;
      std::vector<std::int64_t> places;
      for (; p < seat.places.size() && seat.places[p].first == t; ++p) {
        const Tree& tree = subject.trees[t];
        places.push_back(tree.pass->place(tree.packed.prompts[seat.places[p].second].read[0]));
      }
      const std::vector<double> scores =
          log_p_yes(rows[t].hidden.index_select(0, at::tensor(places, at::kLong)));
      reading.scores.insert(reading.scores.end(), scores.begin(), scores.end());
    }
    reading.finite =
        std::all_of(reading.scores.begin(), reading.scores.end(), [](double s) { return std::isfinite(s); });
    return reading;
  }
  const auto [t, p] = seat.places.front();
  const Tree& tree = subject.trees[t];
  const auto& read = tree.packed.prompts[p].read;
  const auto n = static_cast<std::int64_t>(read.size());
  const at::Tensor logits =
      model_.decoder().logits(rows[t].hidden.narrow(0, tree.pass->place(read[0]), n));  // float32 [n, V]
  const at::Tensor best = logits.argmax(-1);  // lowest index on ties
  const at::Tensor normaliser = logits.to(at::kDouble).logsumexp(-1);
  for (std::int64_t j = 0; j < n; ++j) {
    const double norm = normaliser[j].item<double>();
    reading.finite = reading.finite && std::isfinite(norm);
    reading.best.push_back(best[j].item<std::int64_t>());
    if (static_cast<std::size_t>(j) < seat.answer.size()) {
      const double value = logits[j][seat.answer[static_cast<std::size_t>(j)]].item<double>() - norm;
      if (j == 0) reading.first_logprob = value;
      reading.draft_logprob += value;
    }
  }
  return reading;
}

// The first id of every answer, from a pass over the prompts alone. Returns whether an instance was excluded.
bool FastEvaluator::first_drafts(Subject& subject) const {
  bool excludes = false;
  std::vector<model::TreeRow> rows;
  for (const Tree& tree : subject.trees) rows.push_back(tree.plain);
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const Reading reading = read(subject, seat, rows);
    if (!reading.finite) {
      seat.excluded = kNotFinite;
      excludes = true;
      continue;
    }
    seat.answer = {reading.best.front()};
  }
  return excludes;
}

// Lets every answer that has not ended run on, from its last id, in one prompt's shape.
// Then a pass with the answers behind their prompts either says the same, or corrects the first id that
// differs.
bool FastEvaluator::confirm_drafts(Subject& subject) const {
  bool excludes = false;
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const auto [t, p] = seat.places.front();
    const Tree& tree = subject.trees[t];
    const std::int64_t length = tree.packed.prompts[p].length;
    std::vector<model::OpenRow> open(1);
    open[0].edit = [](std::int64_t, std::int64_t) { return model::RowEdit{}; };
    open[0].keys_from = model_.config().text.layers;
    open[0].ids = seat.answer;
    const auto held = length + static_cast<std::int64_t>(seat.answer.size()) - 1;
    const model::Continuations done =
        continuation_.run(length, tree.pass->state(), tree.packed.path(p, held), std::move(open));
    subject.layer_positions += done.decode_layer_positions + done.check_layer_positions;
    if (!done.rows[0].finite) {
      seat.excluded = kNotFinite;
      excludes = true;
    } else {
      seat.answer = done.rows[0].ids;
    }
  }
  if (options_.verify || excludes) plant(subject);
  if (!options_.verify) return true;
  std::vector<model::TreeRow> rows;
  for (const Tree& tree : subject.trees) rows.push_back(tree.plain);
  bool stands = true;
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const Reading reading = read(subject, seat, rows);
    if (!reading.finite) {
      seat.excluded = kNotFinite;
      stands = false;  // the sequence is packed again without it
      continue;
    }
    const auto [left, right] =
        std::mismatch(seat.answer.begin(), seat.answer.end(), reading.best.begin(), reading.best.end());
    if (left == seat.answer.end()) continue;
    stands = false;
    seat.answer.assign(reading.best.begin(), right + 1);
  }
  return stands;
}

// What gaussian noise is scaled by; nothing for the other operators.
void FastEvaluator::measure_trunk(Subject& subject) const {
  if (op_ != model::Operator::gaussian) return;
  for (const Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    const auto length = static_cast<std::size_t>(subject.last_image_position) + 1;
    model::ForwardInput input;
    input.start.residual = model_.embed(std::span(seat.prompts[0]).first(length), length, subject.features);
    input.sequence = model::linear_sequence(subject.last_image_position + 1);
    input.rows.resize(1);
    input.readouts.z_all = true;
    subject.trunk_sd = trunk_deviation(input, subject.last_image_position, subject.layer_positions);
    return;
  }
}

// Column 0 and what everything else is compared with.
void FastEvaluator::plain_run(Subject& subject) const {
  measure_trunk(subject);
  plant(subject);
  if (subject.trees.empty()) return;
  if (first_drafts(subject)) plant(subject);
  // Each round that does not stand makes at least one more id the packed pass's own. Near-ties that two
  // shapes settle differently could go on for ever: then the packed pass's last word stands.
  for (std::int64_t round = 0; round <= options_.max_new_tokens && !confirm_drafts(subject); ++round) {
  }
  score_plain(subject);
}

void FastEvaluator::score_plain(Subject& subject) const {
  std::vector<model::TreeRow> rows;
  for (const Tree& tree : subject.trees) rows.push_back(tree.plain);
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    const Reading reading = read(subject, seat, rows);
    if (!reading.finite) {
      seat.excluded = kNotFinite;
      plant(subject);
      return score_plain(subject);
    }
    if (seat.what->generates()) {
      seat.score = seat.what->score(*seat.item, text::answer_text(model_.tokenizer(), seat.answer));
      seat.utility = seat.score.utility;
      seat.answer_logprob = reading.draft_logprob;
    } else {
      seat.scores = reading.scores;
      seat.utility = task::retrieval_utility(*seat.item, seat.scores);
      seat.answer_logprob = seat.scores[seat.item->attributed];
    }
  }
}

// One head replaced, over a whole packed sequence.
model::RowEdit FastEvaluator::edit(const Subject& subject, const Tree& tree, std::int64_t layer,
                                   std::int64_t head) const {
  model::HeadEdit replaced{layer, {head}, op_, {}};
  if (op_ == model::Operator::gaussian) {
    std::vector<at::Tensor> parts;
    const bool branches = tree.packed.prompts.size() > 1;
    for (const Seat& seat : subject.seats) {
      for (std::size_t which = 0; seat.excluded.empty() && which < seat.places.size(); ++which) {
        const auto [t, p] = seat.places[which];
        if (&subject.trees[t] != &tree) continue;
        const auto part = [&](std::int64_t first, std::int64_t length) {
          parts.push_back(noise(*seat.what, *seat.item, which, layer, head, first, length,
                                subject.last_image_position, subject.trunk_sd));
        };
        const std::int64_t first = branches ? tree.packed.trunk : 0;
        if (branches && parts.empty()) part(0, tree.packed.trunk);
        part(first, tree.packed.sequence.segments[p + (branches ? 1 : 0)].length);
      }
    }
    replaced.noise = at::cat(parts).unsqueeze(0);
    HONES_ASSERT(replaced.noise.size(1) == tree.packed.length(), "noise for other positions");
  }
  return {{std::move(replaced)}, {}};
}

std::function<model::RowEdit(std::int64_t, std::int64_t)> FastEvaluator::answer_edit(
    const Subject& subject, const Seat& seat, std::int64_t layer, std::int64_t head) const {
  return [this, &subject, &seat, layer, head](std::int64_t first, std::int64_t length) {
    model::HeadEdit replaced{layer, {head}, op_, {}};
    if (op_ == model::Operator::gaussian) {
      replaced.noise = noise(*seat.what, *seat.item, 0, layer, head, first, length,
                             subject.last_image_position, subject.trunk_sd)
                           .unsqueeze(0);
    }
    return model::RowEdit{{std::move(replaced)}, {}};
  };
}

// The cells of a range of layers of one bundle: passes first, then the rows that changed, batched by prompt.
class FastEvaluator::Layers {
 public:
  Layers(const FastEvaluator& engine, const Subject& subject, const plan::Unit& unit, Work& work)
      : engine_(engine), subject_(subject), unit_(unit), work_(work), H_(engine.model_.config().text.heads) {
    cells_.assign(subject.seats.size(),
                  std::vector<Cell>(static_cast<std::size_t>((unit.layer_end - unit.layer_begin) * H_)));
  }

  void run() {
    for (std::int64_t layer = unit_.layer_begin; layer < unit_.layer_end; ++layer) {
      for (std::int64_t head = 0; head < H_; ++head) {
        if (engine_.asked(layer, head)) row(layer, head);
      }
    }
    decode();
    for (std::size_t s = 0; s < subject_.seats.size(); ++s) emit(s);
  }

 private:
  void row(std::int64_t layer, std::int64_t head);
  void take(std::size_t s, std::size_t at, std::int64_t layer, std::int64_t head,
            const std::vector<model::TreeRow>& rows);
  void take_answer(std::size_t s, std::size_t at, std::int64_t layer, std::int64_t head,
                   const std::vector<model::TreeRow>& rows);
  void settle(std::size_t s, Cell& cell, const std::vector<std::int64_t>& ids) const;
  void decode();
  void emit(std::size_t s);

  const FastEvaluator& engine_;
  const Subject& subject_;
  const plan::Unit& unit_;
  Work& work_;
  std::int64_t H_;
  std::vector<std::vector<Cell>> cells_;  // [seat][(layer - layer_begin) * H + head]
  std::vector<Open> open_;
  std::int64_t held_ = 0;  // bytes of open_
};

void FastEvaluator::Layers::row(std::int64_t layer, std::int64_t head) {
  std::vector<model::TreeRow> rows;
  for (const Tree& tree : subject_.trees) {
    const model::RowEdit edit = engine_.edit(subject_, tree, layer, head);
    const model::TreePass::Wants wants{true, false, true};
    rows.push_back(engine_.options_.resume ? tree.pass->resume(edit, wants)
                                           : tree.pass->whole(tree.embeddings, edit, wants));
    work_.layer_positions += rows.back().layer_positions;
  }
  const auto at = static_cast<std::size_t>((layer - unit_.layer_begin) * H_ + head);
  for (std::size_t s = 0; s < subject_.seats.size(); ++s) {
    if (subject_.seats[s].excluded.empty()) take(s, at, layer, head, rows);
  }
  if (held_ > kHeldBytes) decode();
}

void FastEvaluator::Layers::take(std::size_t s, std::size_t at, std::int64_t layer, std::int64_t head,
                                 const std::vector<model::TreeRow>& rows) {
  const Seat& seat = subject_.seats[s];
  ++work_.cells;
  work_.full_layer_positions +=
      seat.prefill_positions * static_cast<double>(engine_.model_.config().text.layers);
  if (seat.what->generates()) {
    take_answer(s, at, layer, head, rows);
  } else {
    cells_[s][at] = ranked_cell(*seat.item, seat.scores, engine_.read(subject_, seat, rows).scores);
  }
}

void FastEvaluator::Layers::take_answer(std::size_t s, std::size_t at, std::int64_t layer, std::int64_t head,
                                        const std::vector<model::TreeRow>& rows) {
  const Seat& seat = subject_.seats[s];
  const Reading reading = engine_.read(subject_, seat, rows);
  Cell& cell = cells_[s][at];
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
  if (left == seat.answer.end()) return;  // every id the same: so is the utility

  Open open{s, at, {}};
  open.row.edit = engine_.answer_edit(subject_, seat, layer, head);
  open.row.keys_from = rows[t].keys_from;
  const bool differs = right != reading.best.end();
  // Without drafts the pass ends with the prompt: the first id is known, the rest decodes either way.
  open.row.ids.assign(reading.best.begin(), differs ? right + 1 : right);
  const auto held = prompt.length + static_cast<std::int64_t>(open.row.ids.size()) - 1;
  const at::Tensor path = at::tensor(tree.packed.path(p, held), at::kLong);
  for (std::size_t l = 0; l < rows[t].keys.size(); ++l) {
    open.row.keys.push_back(rows[t].keys[l].index_select(0, path));
    open.row.values.push_back(rows[t].values[l].index_select(0, path));
  }
  held_ += open.row.bytes();
  if (!engine_.options_.verify) {
    double computed = 0;
    cell.answer_logprob =
        engine_.continuation_.draft_logprob(prompt.length, tree.pass->state(), tree.packed.path(p, held),
                                            open.row, seat.answer, reading.first_logprob, computed);
    work_.layer_positions += computed;
    work_.decode_layer_positions += computed;
  }
  open_.push_back(std::move(open));
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
    const model::Continuations done = engine_.continuation_.run(
        prompt.length, tree.pass->state(), tree.packed.path(p, longest), std::move(rows));
    work_.layer_positions += done.decode_layer_positions + done.check_layer_positions;
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

Work FastEvaluator::neurons(const plan::Unit& unit, const table::TaskCells& cells,
                            const std::vector<attribution::Target>& targets, table::NeuronSums& sums) {
  const c10::InferenceMode no_gradients;
  const auto task = static_cast<std::int32_t>(unit.load);
  Work work;
  work.invalid_by_task.assign(tasks_.size(), 0);
  std::int64_t& invalid = work.invalid_by_task[static_cast<std::size_t>(task)];
  const model::TreePass::Wants wants{false, true, false};
  for (std::int64_t index = unit.instance_begin; index < unit.instance_end; ++index) {
    if (cells.instances[static_cast<std::size_t>(index)].state == table::InstanceState::excluded) continue;
    Subject state;
    seat(state, {{task, index}});
    Seat& seat = state.seats.front();
    HONES_ASSERT(seat.excluded.empty(), seat.excluded);
    // Of a query the positive candidate's prompt alone: negatives never enter attribution.
    const std::size_t which = seat.item->attributed;
    std::swap(seat.prompts[0], seat.prompts[which]);
    seat.prompts.resize(1);
    measure_trunk(state);
    Tree tree;
    tree.packed = model::make_tree(seat.prompts, {{}});
    tree.pass =
        std::make_unique<model::TreePass>(model_.decoder(), tree.packed.sequence, all_read(tree.packed));
    tree.embeddings =
        model_.embed(tree.packed.ids, static_cast<std::size_t>(tree.packed.trunk), state.features)
            .select(0, 0);
    const model::TreeRow plain_row = tree.pass->plain(tree.embeddings, wants);
    work.layer_positions += state.layer_positions + plain_row.layer_positions;
    const at::Tensor projection =
        attribution::target_projection(model_.decoder(), targets.at(static_cast<std::size_t>(index)));
    const double full =
        static_cast<double>(tree.packed.length()) * static_cast<double>(model_.config().text.layers);
    // Contributions of a row; layers below the one begun at are the plain run's own.
    const auto contributions = [&](const model::TreeRow& row, std::int64_t first, const at::Tensor& plain) {
      std::vector<at::Tensor> a(static_cast<std::size_t>(first));
      for (const at::Tensor& layer : row.a) a.push_back(layer.unsqueeze(0));  // [1, 1, F]
      return attribution::contributions(a, 0, projection, first, plain);
    };
    const at::Tensor plain = contributions(plain_row, 0, {});
    ++work.cells;
    work.full_layer_positions += full;
    // Its heads may still be usable: what enters their sums is a difference.
    if (!attribution::add_plain(sums, values(plain))) ++invalid;
    for (std::size_t s = 0; s < sums.heads.size(); ++s) {
      const table::Head head = sums.heads[s];
      model::HeadEdit replaced{head.layer, {head.head}, op_, {}};
      if (op_ == model::Operator::gaussian) {
        replaced.noise = noise(*seat.what, *seat.item, which, head.layer, head.head, 0, tree.packed.length(),
                               state.last_image_position, state.trunk_sd)
                             .unsqueeze(0);
      }
      const model::RowEdit edit{{std::move(replaced)}, {}};
      const model::TreeRow row =
          options_.resume ? tree.pass->resume(edit, wants) : tree.pass->whole(tree.embeddings, edit, wants);
      work.layer_positions += row.layer_positions;
      ++work.cells;
      work.full_layer_positions += full;
      const std::int64_t first = options_.resume ? head.layer : 0;
      at::Tensor changed = contributions(row, first, plain);
      if (first < head.layer) changed.narrow(0, 0, head.layer).copy_(plain.narrow(0, 0, head.layer));
      const bool usable =
          cells.states[cells.at(index, cells.shape.column(head.layer, head.head))] != CellState::invalid;
      if (usable &&
          !attribution::add_head(sums, static_cast<std::int64_t>(s), values(plain), values(changed)))
        ++invalid;
    }
  }
  return work;
}

}  // namespace hones::sweep
