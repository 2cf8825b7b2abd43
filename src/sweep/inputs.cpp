#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/family/family.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/prompt_tree.hpp>
#include <hones/sweep/inputs.hpp>

namespace hones::sweep {

namespace {

// Layers with asked heads; none: all layers.
std::vector<std::int64_t> asked_layers(const Options& options) {
  std::vector<std::int64_t> layers;
  for (const table::Head head : options.engine.heads) layers.push_back(head.layer);
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

bool shares_pictures(const Options& options) {
  return options.engine.form != "plain" && options.engine.tree;
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
      dtype(model::dtype_name(model::dtype_from(options.engine.dtype, config.dtype, false))),
      shape{config.text.layers, config.text.heads, config.text.intermediate_size},
      tile_positions(options.engine.tile_positions > 0
                         ? options.engine.tile_positions
                         : engine::default_tile_positions(config.text, dtype == "fp32" ? 4 : 2)) {
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

std::vector<plan::TaskLoad> Inputs::task_loads() const {
  std::vector<plan::TaskLoad> all;
  for (const engine::TaskItems& task : tasks) {
    const task::Item& first = task.items.front();
    plan::TaskLoad load;
    load.name = task.task->name();
    load.instances = static_cast<std::int64_t>(task.items.size());
    load.positions_per_prompt = static_cast<double>(positions(task, first));
    load.prompts_per_cell = static_cast<double>(first.texts.size());
    // An answer that changes is decoded; half the limit stands for how often and how far.
    const std::int64_t limit = task.task->answer_limit(options.engine.max_new_tokens);
    load.decode_positions = task.task->generates() ? static_cast<double>(limit) / 2 : 0;
    all.push_back(load);
  }
  return all;
}

// Of a kind its first bundle stands for all.
std::vector<plan::TaskLoad> Inputs::kind_loads() const {
  if (!shares_pictures(options)) return task_loads();
  std::vector<plan::TaskLoad> all;
  for (const engine::Kind& kind : kinds) {
    std::vector<text::Prompt> prompts;
    plan::TaskLoad load;
    load.name = kind.name;
    load.instances = static_cast<std::int64_t>(kind.bundles.size());
    for (const engine::Member& member : kind.bundles.front()) {
      const engine::TaskItems& task = tasks[static_cast<std::size_t>(member.task)];
      const task::Item& item = task.items[static_cast<std::size_t>(member.index)];
      for (std::size_t which = 0; which < item.texts.size(); ++which) prompts.push_back(prompt(item, which));
      if (task.task->generates())
        load.decode_positions +=
            static_cast<double>(task.task->answer_limit(options.engine.max_new_tokens)) / 4;
    }
    load.positions_per_prompt = static_cast<double>(
        model::make_tree(model::pointers(prompts), std::vector<std::vector<std::int64_t>>(prompts.size()))
            .length());
    all.push_back(load);
  }
  return all;
}

std::vector<plan::Unit> Inputs::head_units(int ranks, double speed) const {
  return plan::head_units(kind_loads(), {shape.layers, shape.heads, speed}, ranks, options.job.unit_instances,
                          options.job.unit_layers, asked_layers(options),
                          options.engine.form != "plain" && options.engine.resume);
}

// The planner cuts interventions as it cuts the layers of one head each. Its prices count as many layers as
// it is told, so the speed is told accordingly.
std::vector<plan::Unit> Inputs::row_units(std::int64_t rows, int ranks, double speed) const {
  const plan::ModelLoad load{rows, 1, speed * static_cast<double>(rows) / static_cast<double>(shape.layers)};
  return plan::head_units(kind_loads(), load, ranks, options.job.unit_instances, options.job.unit_layers, {},
                          false);
}

std::vector<plan::Unit> Inputs::neuron_units(int ranks, const std::vector<std::int64_t>& stored) const {
  return plan::neuron_units(task_loads(), {shape.layers, shape.heads, 0}, ranks, options.job.unit_instances,
                            stored);
}

std::int64_t Inputs::asked_heads() const {
  return options.engine.heads.empty() ? shape.layers * shape.heads
                                      : static_cast<std::int64_t>(options.engine.heads.size());
}

std::int64_t Inputs::head_cells(const engine::TaskItems& task) const {
  return static_cast<std::int64_t>(task.items.size()) * (1 + asked_heads());
}

}  // namespace hones::sweep
