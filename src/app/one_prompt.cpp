#include "app/one_prompt.hpp"

#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/family/family.hpp>
#include <hones/family/vlm.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/runs/generation.hpp>
#include <hones/model/threads.hpp>
#include <hones/model/torch_errors.hpp>

namespace hones::app {

using model::Answer, model::RowEdit, model::Operator;

namespace {

// "L:H", range-checked against the model.
std::pair<std::int64_t, std::int64_t> parse_head(const std::string& word,
                                                 const checkpoint::DecoderConfig& config) {
  std::int64_t layer = -1, head = -1;
  const auto first = std::from_chars(word.data(), word.data() + word.size(), layer);
  const bool colon = first.ec == std::errc() && first.ptr != word.data() + word.size() && *first.ptr == ':';
  const auto second = colon ? std::from_chars(first.ptr + 1, word.data() + word.size(), head) : first;
  if (!colon || second.ec != std::errc() || second.ptr != word.data() + word.size() || layer < 0 ||
      head < 0 || layer >= config.layers || head >= config.heads) {
    throw UsageError("--replace-head '" + word + "': expected LAYER:HEAD with LAYER below " +
                     std::to_string(config.layers) + " and HEAD below " + std::to_string(config.heads));
  }
  return {layer, head};
}

// What the last prompt position shows: for --dump.
struct Snapshot {
  at::Tensor logits;  // [V]
  at::Tensor z;       // [L, H, Dh]
  at::Tensor a;       // [L, F]
};

class Run {
 public:
  explicit Run(const OnePrompt& options)
      : options_(options),
        config_(family::family_of(options.model).read_config(options.model)),
        packer_(family::family_of(options.model).open_packer(options.model, choice::Prompts::paper)),
        model_(family::open_vlm(options.model, model::dtype_from(options.dtype, config_.dtype, false),
                                std::make_shared<model::WholeModel>())),
        op_(options.op) {}

  std::string text();

 private:
  void encode_prompt();
  RowEdit edit(std::int64_t first, std::int64_t length) const;
  bool intervenes() const { return !options_.replace_heads.empty() || !options_.masked.empty(); }
  nlohmann::ordered_json describe(const Answer& answer) const;
  Snapshot snapshot(const RowEdit& row) const;
  void dump() const;

  const OnePrompt& options_;
  checkpoint::ModelConfig config_;
  std::unique_ptr<const family::Packer> packer_;
  std::unique_ptr<const model::Vlm> model_;
  Operator op_;
  model::EncodedPrompt prompt_;
  model::Pixels pixels_;
  std::map<std::int64_t, std::vector<std::int64_t>> heads_;  // layer -> heads replaced together
  std::map<std::int64_t, at::Tensor> gains_;                 // layer -> 0 for masked neurons, 1 elsewhere
  at::Tensor trunk_sd_;                                      // gaussian only: [L, H, Dh]
};

void Run::encode_prompt() {
  const std::string& image_token = packer_->chat().image_token;
  prompt_.prompt = options_.raw_prompt ? packer_->pack_rendered(options_.prompt)
                                       : packer_->pack(options_.prompt, options_.allow_special_in_text);
  const bool has_image_token = prompt_.prompt.rendered.find(image_token) != std::string::npos;
  if (options_.image.empty() && has_image_token)
    throw UsageError("the prompt holds " + image_token + " but there is no --image");
  if (!options_.image.empty() && !has_image_token) {
    throw UsageError("--image is given but the raw prompt holds no " + image_token +
                     "; put it where the picture belongs");
  }
  if (!options_.image.empty()) {
    image::Image picture = image::decode_file(options_.image);
    image::mask_text(picture, options_.text_boxes, options_.text_polygons, options_.text_mask);
    if (options_.box) image::draw_blue_box(picture, *options_.box, options_.stroke);
    pixels_ = model_->pixels_of(picture);
    prompt_.features = model_->encode(pixels_);
  }
  const std::int64_t longest = prompt_.prompt.length() + options_.max_new_tokens;
  if (longest > config_.text.max_position_embeddings) {
    throw UsageError("the prompt's " + std::to_string(prompt_.prompt.length()) + " positions and " +
                     std::to_string(options_.max_new_tokens) + " new tokens exceed the model's " +
                     std::to_string(config_.text.max_position_embeddings) + " positions");
  }
}

RowEdit Run::edit(std::int64_t first, std::int64_t length) const {
  RowEdit row;
  for (const auto& [layer, heads] : heads_) {
    model::HeadEdit replaced{layer, heads, op_, {}};
    if (op_ == Operator::gaussian) {
      std::vector<at::Tensor> noise;
      for (const std::int64_t head : heads) {
        noise.push_back(model::gaussian_noise(options_.seed, options_.image.filename().string(), layer, head,
                                              "generate", first, length, prompt_.prompt.last_image_index(),
                                              trunk_sd_[layer][head], options_.sigma));
      }
      replaced.noise = at::stack(noise);
    }
    row.heads.push_back(std::move(replaced));
  }
  row.gains = gains_;
  return row;
}

nlohmann::ordered_json Run::describe(const Answer& answer) const {
  if (!answer.finite) throw Error(ExitCode::bad_instances, "the logits are not finite; try --dtype fp32");
  nlohmann::ordered_json json;
  json["prompt_ids"] = prompt_.prompt.ids;
  json["answer_ids"] = answer.ids;
  json["text"] = text::answer_text(packer_->tokenizer(), answer.ids);
  json["log_probs"] = answer.log_probs;
  json["stopped_by"] = answer.stopped_by_eos ? "eos" : "length";
  return json;
}

Snapshot Run::snapshot(const RowEdit& row) const {
  const auto T = prompt_.prompt.length();
  model::ForwardInput input;
  input.residual = model_->embed(prompt_);
  input.sequence = model::sequence_of(prompt_.prompt);
  input.rows = {row};
  input.readouts.hidden_at = input.readouts.a_at = input.readouts.z_at = {T - 1};
  const model::ForwardOutput output = model::forward(model_->decoder(), input);
  const auto stacked = [](const std::vector<at::Tensor>& layers) {  // each [1, 1, ...]
    std::vector<at::Tensor> rows;
    for (const at::Tensor& layer : layers) rows.push_back(layer.select(0, 0).select(0, 0));
    return at::stack(rows).to(at::kFloat).contiguous();
  };
  return {model_->decoder().logits(output.hidden).select(0, 0).select(0, 0).contiguous(), stacked(output.z),
          stacked(output.a)};
}

void Run::dump() const {
  std::vector<checkpoint::TensorToWrite> tensors;
  const auto bytes = [](const void* data, std::size_t size) {
    return std::span(static_cast<const std::byte*>(data), size);
  };
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    tensors.push_back({name, checkpoint::Dtype::f32, tensor.sizes().vec(),
                       bytes(tensor.const_data_ptr(), tensor.nbytes())});
  };
  const auto T = prompt_.prompt.length();
  tensors.push_back({"input_ids",
                     checkpoint::Dtype::i64,
                     {T},
                     bytes(prompt_.prompt.ids.data(), prompt_.prompt.ids.size() * sizeof(std::int64_t))});
  if (!pixels_.values.empty()) {
    tensors.push_back({"pixel_values", checkpoint::Dtype::f32, pixels_.shape,
                       bytes(pixels_.values.data(), pixels_.values.size() * sizeof(float))});
  }
  const Snapshot plain = snapshot({});
  add("logits", plain.logits);
  add("z", plain.z);
  add("a", plain.a);
  Snapshot intervened;
  if (intervenes()) {
    intervened = snapshot(edit(0, T));
    add("intervened.logits", intervened.logits);
    add("intervened.z", intervened.z);
    add("intervened.a", intervened.a);
  }
  checkpoint::write_safetensors(options_.dump, tensors);
}

std::string Run::text() {
  encode_prompt();
  for (const std::string& word : options_.replace_heads) {
    const auto [layer, head] = parse_head(word, config_.text);
    auto& heads = heads_[layer];
    if (std::find(heads.begin(), heads.end(), head) == heads.end()) heads.push_back(head);
  }
  for (const auto& [layer, neuron] : options_.masked) {
    if (layer < 0 || layer >= config_.text.layers || neuron < 0 || neuron >= config_.text.intermediate_size) {
      throw DataError(options_.mask_neurons.string() + ": neuron " + std::to_string(layer) + "," +
                      std::to_string(neuron) + " is beyond the model's " +
                      std::to_string(config_.text.layers) + " layers of " +
                      std::to_string(config_.text.intermediate_size) + " neurons");
    }
    at::Tensor& gain = gains_[layer];
    if (!gain.defined()) gain = at::ones({config_.text.intermediate_size}, at::kFloat);
    gain[neuron] = 0;
  }
  if (op_ == Operator::gaussian && !heads_.empty()) {
    if (prompt_.prompt.last_image_index() < 0)
      throw UsageError("operator gaussian measures its noise on the picture's positions; give --image");
    model::ForwardInput input;
    input.residual = model_->embed(prompt_);
    input.sequence = model::sequence_of(prompt_.prompt);
    input.rows.resize(1);
    input.readouts.z_all = true;
    trunk_sd_ =
        model::trunk_deviation(model::forward(model_->decoder(), input).z, prompt_.prompt.last_image_index());
  }

  const model::Generator generator(*model_, options_.max_new_tokens);
  const Answer plain =
      generator.run(prompt_, 1, [](std::int64_t, std::int64_t) { return std::vector<RowEdit>(1); }, {})
          .rows[0];
  nlohmann::ordered_json json;
  json["model"] = {{"snapshot", options_.snapshot.empty() ? nlohmann::ordered_json(nullptr)
                                                          : nlohmann::ordered_json(options_.snapshot)},
                   {"dtype", model::dtype_name(model_->decoder().dtype())}};
  json.update(describe(plain));
  std::string words = json["text"];
  if (intervenes()) {
    const auto edits = [&](std::int64_t first, std::int64_t length) {
      return std::vector<RowEdit>{edit(first, length)};
    };
    const Answer changed = generator.run(prompt_, 1, edits, plain.ids).rows[0];
    json["intervened"] = describe(changed);
    const auto [left, right] =
        std::mismatch(plain.ids.begin(), plain.ids.end(), changed.ids.begin(), changed.ids.end());
    const bool same = left == plain.ids.end() && right == changed.ids.end();
    json["first_difference"] =
        same ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(left - plain.ids.begin());
    words = "plain:      " + words + "\nintervened: " + json["intervened"]["text"].get<std::string>();
  }
  if (!options_.dump.empty()) dump();
  return (options_.json ? json.dump() : words) + "\n";
}

}  // namespace

std::string answer_text(const OnePrompt& options) {
  model::configure_threads(options.threads);
  std::string text;
  model::with_torch_errors("try --dtype bf16, or fewer new tokens", [&] { text = Run(options).text(); });
  return text;
}

}  // namespace hones::app
