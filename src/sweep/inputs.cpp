#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/family.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

namespace {

// On a CPU, whatever the checkpoint's.
choice::NumberFormat settled(choice::NumberFormat asked) {
  return asked == choice::NumberFormat::automatic ? choice::NumberFormat::fp32 : asked;
}

bool shares_pictures(const Options& options) {
  return options.engine.form != choice::Form::plain && options.engine.tree;
}

// Lines of the split or of its queries that a task looks at; -1: all.
std::int64_t lines_for(const Options& options, const task::Task& task) {
  return task.generates() ? options.selection.instances : options.selection.queries;
}

// More than there are is a mistake to hear of before the night.
void check_counts(const Options& options, const task::Task& task, std::size_t available) {
  const std::int64_t asked = lines_for(options, task);
  if (asked < 0 || asked <= static_cast<std::int64_t>(available)) return;
  const std::string what = task.generates() ? "instances" : "queries";
  throw UsageError("--" + what + " " + std::to_string(asked) + ": " + options.selection.benchmark.string() +
                   " holds " + std::to_string(available) + " " + what + " of the task '" + task.name() +
                   "'; ask for at most that, or for -1 (all)");
}

const task::Definition& definition_of(const Options& options, const std::string& name) {
  const task::Definition* definition = task::find_task(options.selection.known_tasks, name);
  if (definition) return *definition;
  std::string known;
  for (const std::string& other : task::names_of(options.selection.known_tasks))
    known += (known.empty() ? "" : ", ") + other;
  throw UsageError("task '" + name + "' is not known: expected one of " + known +
                   "; a file named by --tasks-file adds tasks");
}

void check_heads(const Options& options, const table::Shape& shape) {
  for (const table::Head head : options.engine.heads) {
    if (head.layer >= 0 && head.layer < shape.layers && head.head >= 0 && head.head < shape.heads) continue;
    throw UsageError("--heads " + std::to_string(head.layer) + ":" + std::to_string(head.head) +
                     ": expected LAYER:HEAD with LAYER below " + std::to_string(shape.layers) +
                     " and HEAD below " + std::to_string(shape.heads) + " (" +
                     options.selection.model.string() + ")");
  }
}

}  // namespace

Inputs::Inputs(const Options& run_options, bool share_pictures)
    : options(run_options),
      benchmark(benchmark::load(options.selection.benchmark, options.selection.split)),
      config(family::family_of(options.selection.model).read_config(options.selection.model)),
      packer(family::family_of(options.selection.model)
                 .open_packer(options.selection.model, options.engine.prompts)),
      dtype(settled(options.engine.dtype)),
      shape{config.text.layers, config.text.heads, config.text.intermediate_size},
      tile_positions(
          options.engine.tile_positions > 0
              ? options.engine.tile_positions
              : engine::default_tile_positions(config.text, dtype == choice::NumberFormat::fp32 ? 4 : 2)) {
  check_heads(options, shape);
  for (const std::string& name : options.selection.tasks) {
    engine::TaskItems task;
    task.task = std::make_unique<task::Task>(definition_of(options, name), options.engine.prompts,
                                             options.engine.pictures);
    task.items = task.task->items(benchmark, -1);  // all of them: a record that lacks something is told now
    if (task.items.empty()) {
      throw DataError(options.selection.benchmark.string() + ": no instance of the task '" + name +
                      "'; leave it out with --tasks, or prepare a benchmark that has some");
    }
    check_counts(options, *task.task,
                 task.task->generates() ? benchmark.records.size() : benchmark.queries.size());
    task.items = task.task->items(benchmark, lines_for(options, *task.task));
    if (task.items.empty()) {
      throw UsageError("--instances " + std::to_string(options.selection.instances) + ": the task '" + name +
                       "' passes none of these lines of " + options.selection.benchmark.string() +
                       " by its filter; ask for more, or for -1 (all)");
    }
    tasks.push_back(std::move(task));
  }
  check_lengths();
  kinds = share_pictures && shares_pictures(options) ? engine::shared_kinds(tasks)
                                                     : engine::separate_kinds(tasks);
}

text::Prompt Inputs::prompt(const task::Item& item, std::size_t which) const {
  return packer->pack(item.texts.at(which));
}

std::int64_t Inputs::tokens(const std::string& text) const {
  return static_cast<std::int64_t>(packer->tokenizer().encode(text, false).size());
}

std::int64_t Inputs::positions(const engine::TaskItems& task, const task::Item& item) const {
  std::int64_t longest = 0;
  for (std::size_t which = 0; which < item.texts.size(); ++which)
    longest = std::max(longest, prompt(item, which).length());
  return task.task->generates() ? longest + task.task->answer_limit(options.engine.max_new_tokens) - 1
                                : longest;
}

// Positions beyond those the model was trained for would be computed all the same, and wrong. A text has at
// most as many tokens as bytes, so that few are ever encoded here.
void Inputs::check_lengths() const {
  constexpr std::int64_t kSeam = 64;  // more than tokens can differ where the chat form and a text meet
  const std::int64_t chat = packer->pack("").length();
  for (const engine::TaskItems& task : tasks) {
    const std::int64_t limit = task.task->answer_limit(options.engine.max_new_tokens);
    const auto fits = [&](const std::string& text) {
      return std::ssize(text) + chat + limit + kSeam <= config.text.max_position_embeddings;
    };
    for (const task::Item& item : task.items) {
      if (std::all_of(item.texts.begin(), item.texts.end(), fits)) continue;
      const std::int64_t longest = positions(task, item);
      if (longest <= config.text.max_position_embeddings) continue;
      throw UsageError(
          item.where + ": the task '" + task.task->name() + "' needs " + std::to_string(longest) +
          " positions" +
          (task.task->generates() ? " (--max-new-tokens " + std::to_string(limit) + " included)" : "") +
          ", more than the model's " + std::to_string(config.text.max_position_embeddings));
    }
  }
}

table::TaskCells Inputs::empty_cells(const engine::TaskItems& task, const table::Shape& of) const {
  table::TaskCells cells;
  cells.task = task.task->name();
  cells.metric = task.task->metric();
  cells.definition = task::to_json(task.task->definition());
  cells.shape = of;
  cells.candidates = task.task->generates() ? 0 : static_cast<std::int64_t>(task.items.front().texts.size());
  cells.answer_limit = task.task->generates() ? task.task->answer_limit(options.engine.max_new_tokens) : 0;
  cells.counts = task.task->counts();
  for (const task::Item& item : task.items)
    cells.instances.push_back({item.image_id, item.item_id, table::InstanceState::not_done, ""});
  table::resize(cells);
  return cells;
}

std::int64_t Inputs::asked_heads() const {
  return options.engine.heads.empty() ? shape.layers * shape.heads
                                      : static_cast<std::int64_t>(options.engine.heads.size());
}

std::int64_t Inputs::head_cells(const engine::TaskItems& task) const {
  return static_cast<std::int64_t>(task.items.size()) * (1 + asked_heads());
}

}  // namespace hones::sweep
