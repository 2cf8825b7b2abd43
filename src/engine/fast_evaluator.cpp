#include "fast_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/checkpoint/flops.hpp>
#include <hones/model/prompt_tree.hpp>

namespace hones::engine {

namespace {

// A row of the plain run that goes on from `ids`: all its keys are the plain state's.
model::OpenRow unedited(std::int64_t layers, std::vector<std::int64_t> ids) {
  model::OpenRow row;
  row.edit = [](std::int64_t, std::int64_t) { return model::RowEdit{}; };
  row.keys_values.first = layers;
  row.ids = std::move(ids);
  return row;
}

}  // namespace

FastEvaluator::FastEvaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
                             const std::vector<TaskItems>& tasks, const std::vector<Kind>& kinds,
                             const benchmark::Benchmark& benchmark, std::int64_t tile_positions)
    : Evaluator(options, model, packer, tasks, benchmark), kinds_(kinds), tile_positions_(tile_positions) {
  for (const TaskItems& items : tasks)
    continuations_.emplace_back(model, items.task->answer_limit(options.max_new_tokens));
}

FastEvaluator::~FastEvaluator() = default;

const Subject& FastEvaluator::subject(std::int64_t kind, std::int64_t bundle, Work& work) {
  if (current_ && current_kind_ == kind && current_bundle_ == bundle) return *current_;
  current_.reset();  // one is held at a time, and none that an exception left half made
  auto made = std::make_unique<Subject>();
  seat(*made, kinds_.at(static_cast<std::size_t>(kind)).bundles.at(static_cast<std::size_t>(bundle)));
  plain_run(*made);
  current_ = std::move(made);
  current_kind_ = kind;
  current_bundle_ = bundle;
  work.layer_positions += current_->layer_positions;
  work.useful_flops += current_->useful_flops;
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
        seat.prompts.push_back(prompt(*seat.item, which));
        const text::Prompt& made = seat.prompts.back();
        subject.last_image_position = made.last_image_index();
        seat.prefill_positions += static_cast<double>(made.length());
      }
    }
    subject.seats.push_back(std::move(seat));
  }
}

// Packs prompts and drafts, and runs them plainly. Without options.tree every prompt is a sequence of its
// own.
void FastEvaluator::plant(Subject& subject) const {
  subject.trees.clear();
  std::vector<std::vector<const text::Prompt*>> prompts;  // per tree
  std::vector<std::vector<std::vector<std::int64_t>>> drafts;
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    seat.places.clear();
    for (const text::Prompt& prompt : seat.prompts) {
      if (!options_.tree || prompts.empty()) {
        prompts.emplace_back();
        drafts.emplace_back();
      }
      seat.places.emplace_back(prompts.size() - 1, prompts.back().size());
      prompts.back().push_back(&prompt);
      drafts.back().push_back(seat.answer.empty() || !options_.verify ? std::vector<std::int64_t>{}
                                                                      : seat.answer);
    }
  }
  // Keys of a row lie in buffers that the next sequence's pass overwrites: what generates has one sequence.
  HONES_ASSERT(prompts.size() <= 1 || std::none_of(subject.seats.begin(), subject.seats.end(),
                                                   [](const Seat& seat) { return seat.what->generates(); }),
               "a bundle that generates must be one sequence");
  // Noise belongs to the trunk up to the last image token and to the prompt behind it, whatever the ids
  // share.
  const std::int64_t most_shared = op_ == model::Operator::gaussian
                                       ? subject.last_image_position + 1
                                       : std::numeric_limits<std::int64_t>::max();
  for (std::size_t t = 0; t < prompts.size(); ++t) {
    Tree tree;
    tree.packed = model::make_tree(prompts[t], drafts[t], most_shared);
    HONES_ASSERT(tree.packed.trunk > subject.last_image_position, "prompts that differ before their picture");
    run_plainly(subject, tree, {});
    subject.layer_positions += tree.plain.layer_positions;
    subject.trees.push_back(std::move(tree));
  }
}

void FastEvaluator::run_plainly(const Subject& subject, Tree& tree, model::TreePass::Wants wants) const {
  std::vector<std::int64_t> read;
  for (const auto& prompt : tree.packed.prompts)
    read.insert(read.end(), prompt.read.begin(), prompt.read.end());
  tree.pass = std::make_unique<model::TreePass>(model_.decoder(), workspace_, tree.packed.sequence, read);
  tree.embeddings = model_.embed(tree.packed.ids, tree.packed.images, subject.features).select(0, 0);
  tree.plain = tree.pass->plain(tree.embeddings, wants);
  if (options_.resume) tree.embeddings = at::Tensor();
}

Reading FastEvaluator::read(const Subject& subject, const Seat& seat,
                            const std::vector<model::TreeRows>& passes, std::int64_t row) const {
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
          log_p_yes(seat.member.task, passes[t].hidden[row].index_select(0, at::tensor(places, at::kLong)));
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
  model::Reading said =
      model_.decoder().read(passes[t].hidden[row].narrow(0, tree.pass->place(read[0]), n), seat.answer);
  reading.finite = said.finite;
  reading.best = std::move(said.best);
  if (!said.log_probs.empty()) reading.first_logprob = said.log_probs.front();
  for (const double value : said.log_probs) reading.draft_logprob += value;
  return reading;
}

// The first id of every answer, from a pass over the prompts alone. Returns whether an instance was excluded.
bool FastEvaluator::first_drafts(Subject& subject) const {
  bool excludes = false;
  const std::vector<model::TreeRows> passes = subject.plain_passes();
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const Reading reading = read(subject, seat, passes, 0);
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
bool FastEvaluator::confirm_drafts(Subject& subject, bool last) const {
  bool excludes = false;
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const auto [t, p] = seat.places.front();
    const Tree& tree = subject.trees[t];
    const auto held = tree.packed.prompts[p].length + std::ssize(seat.answer) - 1;
    const model::Continuations done = continuation_of(seat).run(
        behind(tree, p, held), {unedited(model_.config().text.layers, seat.answer)});
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
  const std::vector<model::TreeRows> passes = subject.plain_passes();
  bool stands = true;
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty() || !seat.what->generates()) continue;
    const Reading reading = read(subject, seat, passes, 0);
    if (!reading.finite) {
      seat.excluded = kNotFinite;
      stands = false;  // the sequence is packed again without it
      continue;
    }
    const auto [left, right] =
        std::mismatch(seat.answer.begin(), seat.answer.end(), reading.best.begin(), reading.best.end());
    if (left == seat.answer.end()) continue;
    stands = false;
    if (!last) seat.answer.assign(reading.best.begin(), right + 1);
  }
  return stands;
}

// What gaussian noise is scaled by; nothing for the other operators.
void FastEvaluator::measure_trunk(Subject& subject) const {
  if (op_ != model::Operator::gaussian) return;
  for (const Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    const text::Prompt& prompt = seat.prompts[0];
    const std::int64_t length = subject.last_image_position + 1;
    model::ForwardInput input;
    input.residual = model_.embed(std::span(prompt.ids).first(static_cast<std::size_t>(length)),
                                  prompt.images, subject.features);
    input.sequence = model::part_of(model::sequence_of(prompt), 0, length);
    input.rows.resize(1);
    input.readouts.z_all = true;
    subject.trunk_sd = trunk_deviation(input, subject.last_image_position, subject.layer_positions);
    return;
  }
}

// Column 0 and what everything else is compared with. Order: the prompts alone are run, which gives every
// answer its first id; answers run on from there, one by one; then all are packed behind their prompts and
// run again, and what this pass says is the answer, because rows will be compared in its shape. Whoever is
// excluded on the way leaves the sequence, which is packed again: the shape is that of the others.
void FastEvaluator::plain_run(Subject& subject) const {
  measure_trunk(subject);
  plant(subject);
  if (subject.trees.empty()) return;
  if (first_drafts(subject)) plant(subject);
  // A corrected answer changes the packed shape, and near-ties could be settled in turns for ever. Then the
  // draft of the last round stands, which is what rows are compared with; `none` may differ from it at that
  // tie.
  std::int64_t most = 1;
  for (const Seat& seat : subject.seats)
    most = std::max(most, seat.what->answer_limit(options_.max_new_tokens));
  for (std::int64_t round = 0; round <= most && !confirm_drafts(subject, round == most); ++round) {
  }
  score_plain(subject);
  for (const Tree& tree : subject.trees) subject.useful_flops += tree.plain.useful_flops;
  for (const Seat& seat : subject.seats) {
    if (seat.excluded.empty())
      subject.useful_flops +=
          static_cast<double>(seat.read()) * checkpoint::DecoderFlops(model_.config().text).head;
  }
}

// The plain answer's log-probability under the plain run, in a pass of its own behind the prompt.
double FastEvaluator::logprob_behind(Subject& subject, const Seat& seat, double first_logprob) const {
  const auto [t, p] = seat.places.front();
  const Tree& tree = subject.trees[t];
  const std::int64_t length = tree.packed.prompts[p].length;
  return continuation_of(seat).draft_logprob(behind(tree, p, length),
                                             unedited(model_.config().text.layers, {seat.answer.front()}),
                                             seat.answer, first_logprob, subject.layer_positions);
}

void FastEvaluator::score_plain(Subject& subject) const {
  const std::vector<model::TreeRows> passes = subject.plain_passes();
  for (Seat& seat : subject.seats) {
    if (!seat.excluded.empty()) continue;
    const Reading reading = read(subject, seat, passes, 0);
    if (!reading.finite) {
      seat.excluded = kNotFinite;
      plant(subject);
      return score_plain(subject);
    }
    if (seat.what->generates()) {
      seat.score = seat.what->score(*seat.item, text::answer_text(packer_.tokenizer(), seat.answer));
      seat.utility = seat.score.utility;
      seat.answer_logprob =
          options_.verify ? reading.draft_logprob : logprob_behind(subject, seat, reading.first_logprob);
    } else {
      seat.scores = reading.scores;
      seat.utility = task::retrieval_utility(*seat.item, seat.scores);
      seat.answer_logprob = seat.scores[seat.item->attributed];
    }
  }
}

// An intervention over a whole packed sequence.
model::RowEdit FastEvaluator::edit(const Subject& subject, const Tree& tree,
                                   const table::Intervention& what) const {
  return edit_of(what, [&](std::int64_t layer, std::int64_t head) {
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
    at::Tensor whole = at::cat(parts);
    HONES_ASSERT(whole.size(0) == tree.packed.length(), "noise for other positions");
    return whole;
  });
}

std::function<model::RowEdit(std::int64_t, std::int64_t)> FastEvaluator::answer_edit(
    const Subject& subject, const Seat& seat, const table::Intervention& what) const {
  return [this, &subject, &seat, &what](std::int64_t first, std::int64_t length) {
    return edit_of(what, [&](std::int64_t layer, std::int64_t head) {
      return noise(*seat.what, *seat.item, 0, layer, head, first, length, subject.last_image_position,
                   subject.trunk_sd);
    });
  };
}

}  // namespace hones::engine
