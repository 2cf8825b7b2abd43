#include <algorithm>

#include <hones/attribution/contribution.hpp>
#include <hones/base/error.hpp>
#include <hones/engine/evaluator.hpp>

#include "fast_evaluator.hpp"
#include "plain_evaluator.hpp"

namespace hones::engine {

namespace {

// A reason as results may hold it: files by their names in their folder, wherever that lies.
std::string without_folder(std::string reason, const std::filesystem::path& folder) {
  const std::string prefix = (folder / "").string();
  for (auto at = reason.find(prefix); at != std::string::npos; at = reason.find(prefix, at))
    reason.erase(at, prefix.size());
  return reason;
}

}  // namespace

std::int64_t default_tile_positions(const checkpoint::DecoderConfig& config, std::int64_t bytes_per_value) {
  // Alive at once at the widest point of a layer: residual, norm and their float32 copies (6 D), gate, up and
  // their product (3 F); and the keys and values of all layers, which rows whose answer changes decode from.
  const std::int64_t kept = 2 * config.layers * config.kv_heads * config.head_dim;
  const std::int64_t per_position =
      bytes_per_value * (6 * config.hidden_size + 3 * config.intermediate_size + kept);
  return std::max<std::int64_t>(1, (std::int64_t{1} << 30) / per_position);
}

std::int64_t tile_rows(std::int64_t tile_positions, std::int64_t positions, std::int64_t heads) {
  return std::clamp<std::int64_t>(tile_positions / std::max<std::int64_t>(positions, 1), 1, heads);
}

Evaluator::Evaluator(const Options& options, const model::Vlm& model, const family::Packer& packer,
                     const std::vector<TaskItems>& tasks, const benchmark::Benchmark& benchmark)
    : options_(options),
      model_(model),
      packer_(packer),
      tasks_(tasks),
      benchmark_(benchmark),
      op_(options.op),
      yes_(tasks.size(), -1) {
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
    const auto yes = packer.answer_ids(text, "Yes");
    const auto no = packer.answer_ids(text, "No");
    if (yes.size() != 1 || no.size() != 1 || yes == no) {
      throw DataError("the tokenizer makes " + std::to_string(yes.size()) + " tokens of 'Yes' and " +
                      std::to_string(no.size()) + " of 'No' after the prompt; the task " +
                      items.task->name() + " needs one each, and different ones");
    }
    yes_[t] = yes.front();
  }
}

at::Tensor Evaluator::features(const task::Item& item, std::string& reason) const {
  try {
    return model_.encode_picture(task::load_picture(benchmark_.images, item));
  } catch (const DataError& error) {  // the picture, never a record: those are checked on load
    reason = without_folder(without_folder(error.what(), benchmark_.images), benchmark_.folder);
    return {};
  }
}

text::Prompt Evaluator::prompt(const task::Item& item, std::size_t which) const {
  return packer_.pack(item.texts.at(which));
}

std::vector<double> Evaluator::log_p_yes(std::int32_t task, const at::Tensor& hidden) const {
  const at::Tensor logits = model_.decoder().logits(hidden, /*upcast=*/true).contiguous();  // [n, V]
  const std::int64_t V = logits.size(-1);
  std::vector<double> scores;
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    scores.push_back(
        metric::log_probability({logits.const_data_ptr<float>() + row * V, static_cast<std::size_t>(V)},
                                std::span(&yes_[static_cast<std::size_t>(task)], 1)));
  }
  return scores;
}

at::Tensor Evaluator::trunk_deviation(const model::ForwardInput& trunk, std::int64_t last_image_position,
                                      double& layer_positions) const {
  const model::ForwardOutput output = model::forward(model_.decoder(), trunk);
  layer_positions += static_cast<double>(output.layer_positions);
  return model::trunk_deviation(output.z, last_image_position);
}

at::Tensor Evaluator::noise(const task::Task& task, const task::Item& item, std::size_t which,
                            std::int64_t layer, std::int64_t head, std::int64_t first, std::int64_t length,
                            std::int64_t last_image_position, const at::Tensor& trunk_sd) const {
  const std::string id = task.generates() ? item.item_id : std::to_string(item.candidate_ids[which]);
  return model::gaussian_noise(options_.seed, item.image_id, layer, head, task.name() + "|" + id, first,
                               length, last_image_position, trunk_sd[layer][head], options_.sigma);
}

model::RowEdit Evaluator::edit_of(const table::Intervention& row, const NoiseOf& noise_of) const {
  model::RowEdit edit;
  for (const table::Head head : row.heads) {
    if (edit.heads.empty() || edit.heads.back().layer != head.layer)
      edit.heads.push_back({head.layer, {}, op_, {}});
    edit.heads.back().heads.push_back(head.head);
  }
  for (model::HeadEdit& layer : edit.heads) {
    if (op_ != model::Operator::gaussian) break;
    std::vector<at::Tensor> noise;
    for (const std::int64_t head : layer.heads) noise.push_back(noise_of(layer.layer, head));
    layer.noise = at::stack(noise);
  }
  for (auto first = row.neurons.begin(); first != row.neurons.end();) {
    const auto last = std::find_if(first, row.neurons.end(),
                                   [&](const table::Neuron& n) { return n.layer != first->layer; });
    std::vector<std::int64_t> masked;
    for (auto n = first; n != last; ++n) masked.push_back(n->neuron);
    at::Tensor gain = at::ones({model_.config().text.intermediate_size}, at::kFloat);
    gain.index_fill_(0, at::tensor(masked, at::kLong), 0);
    edit.gains[first->layer] = std::move(gain);
    first = last;
  }
  return edit;
}

// Empty for an instance that will be excluded, because its own target is.
attribution::Target Evaluator::target_of(const TaskItems& items, const task::Item& item,
                                         const metric::DocumentFrequency& frequency) const {
  if (items.task->open_ended()) {
    attribution::Target target =
        attribution::open_target(packer_.tokenizer(), item.references, frequency, options_.open_target_join);
    if (target.ids.empty()) throw DataError("its references have no tokens");
    return target;
  }
  if (item.target.empty()) return {};
  return attribution::fixed_target(packer_.answer_ids(item.texts.at(item.attributed), item.target));
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

std::unique_ptr<Evaluator> make_evaluator(const Options& options, const model::Vlm& model,
                                          const family::Packer& packer, const std::vector<TaskItems>& tasks,
                                          const std::vector<Kind>& kinds,
                                          const benchmark::Benchmark& benchmark,
                                          std::int64_t tile_positions) {
  if (options.form == choice::Form::plain)
    return std::make_unique<PlainEvaluator>(options, model, packer, tasks, benchmark, tile_positions);
  return std::make_unique<FastEvaluator>(options, model, packer, tasks, kinds, benchmark, tile_positions);
}

}  // namespace hones::engine
