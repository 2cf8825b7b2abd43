#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/rng.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/random_llava.hpp>

#include "fields.hpp"

namespace hones::checkpoint {

namespace {

constexpr std::int64_t kPatch = 8, kTowerWidth = 64, kTowerLayers = 2, kTowerHeads = 4;

std::int64_t side_of(std::int64_t image_tokens) {
  return std::llround(std::sqrt(static_cast<double>(image_tokens)));
}

// From a normalised name to that of the published files.
std::string published_name(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"lm.", "language_model.model."},
      {"head.", "language_model.lm_head."},
      {"vis.", "vision_tower.vision_model."},
      {"proj.", "multi_modal_projector."}};
  for (const auto& [from, to] : kParts) {
    if (name.starts_with(from)) return std::string(to) + name.substr(from.size());
  }
  throw InternalError("no published name of " + name);
}

// Norm weights one, biases zero, the rest uniform with the variance that keeps a layer's output of size one.
std::vector<float> random_weights(const ExpectedTensor& tensor, std::uint64_t seed) {
  std::size_t count = 1;
  for (const std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
  const bool bias = tensor.name.ends_with(".bias");
  if (bias || tensor.name.find("norm") != std::string::npos)
    return std::vector<float>(count, bias ? 0.0F : 1.0F);
  const bool looked_up = tensor.name.find("embed_tokens") != std::string::npos;
  const double fan_in =
      looked_up ? 1 : static_cast<double>(count) / static_cast<double>(tensor.shape.front());
  const double most = std::sqrt(3 / fan_in);
  SplitMix64 rng(key(seed, "weights", tensor.name));
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(most * (2 * rng.uniform() - 1));
  return values;
}

void write_json(const std::filesystem::path& file, const json& document) {
  write_file(file, document.dump(2) + "\n");
}

json config_of(const RandomShape& shape, json config) {
  const std::int64_t side = side_of(shape.image_tokens);
  config["dtype"] = "float32";
  config["image_seq_length"] = shape.image_tokens;
  config["vision_feature_layer"] = -2;
  config["vision_feature_select_strategy"] = "default";
  json& text = config["text_config"];
  text["num_hidden_layers"] = shape.layers;
  text["num_attention_heads"] = text["num_key_value_heads"] = shape.heads;
  text["hidden_size"] = shape.dim;
  text["head_dim"] = shape.dim / shape.heads;
  text["intermediate_size"] = shape.ffn;
  text["max_position_embeddings"] = shape.image_tokens + 1024;
  text["tie_word_embeddings"] = config["tie_word_embeddings"] = false;
  json& vision = config["vision_config"];
  vision["hidden_size"] = vision["projection_dim"] = kTowerWidth;
  vision["intermediate_size"] = 2 * kTowerWidth;
  vision["num_hidden_layers"] = kTowerLayers;
  vision["num_attention_heads"] = kTowerHeads;
  vision["patch_size"] = kPatch;
  vision["image_size"] = side * kPatch;
  return config;
}

}  // namespace

RandomShape parse_shape(const std::string& text) {
  RandomShape shape;
  const std::pair<std::string_view, std::int64_t*> known[] = {{"layers", &shape.layers},
                                                              {"heads", &shape.heads},
                                                              {"dim", &shape.dim},
                                                              {"ffn", &shape.ffn},
                                                              {"image_tokens", &shape.image_tokens}};
  std::istringstream parts(text);
  std::string part;
  while (std::getline(parts, part, ',')) {
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto* found = std::find_if(std::begin(known), std::end(known), [&](const auto& entry) {
      return entry.first == part.substr(0, equals);
    });
    const char* end = part.data() + part.size();
    const char* digits = part.data() + std::min(equals + 1, part.size());
    if (found == std::end(known) || std::from_chars(digits, end, *found->second).ptr != end ||
        digits == end || *found->second < 1 || *found->second > 65536) {
      throw UsageError("\"" + part +
                       "\": expected layers=N, heads=N, dim=N, ffn=N or image_tokens=N with N from 1 "
                       "to 65,536");
    }
  }
  if (shape.heads < 2 || shape.dim % (2 * shape.heads) != 0)
    throw UsageError("dim=" + std::to_string(shape.dim) +
                     ": expected a multiple of 2 * heads, at least two heads");
  const std::int64_t side = side_of(shape.image_tokens);
  if (side * side != shape.image_tokens)
    throw UsageError("image_tokens=" + std::to_string(shape.image_tokens) + ": expected a square number");
  return shape;
}

void write_random_llava(const std::filesystem::path& folder, const RandomShape& shape,
                        const std::filesystem::path& lender, std::uint64_t seed) {
  read_llava_config(lender);  // refuses what is no LLaVA checkpoint
  std::filesystem::create_directories(folder);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                           "generation_config.json", "chat_template.json"}) {
    if (std::filesystem::exists(lender / name)) write_file(folder / name, read_file(lender / name));
  }
  write_json(folder / "config.json", config_of(shape, read_json(lender / "config.json")));
  const std::filesystem::path own = lender / "preprocessor_config.json",
                              shared = lender / "processor_config.json";
  json processor = std::filesystem::exists(own) ? read_json(own)
                                                : read_json(shared).value("image_processor", json::object());
  const std::int64_t pixels = side_of(shape.image_tokens) * kPatch;
  processor["size"] = {{"shortest_edge", pixels}};
  processor["crop_size"] = {{"height", pixels}, {"width", pixels}};
  write_json(folder / "preprocessor_config.json", processor);

  const LlavaConfig config = read_llava_config(folder);
  std::vector<std::vector<float>> values;
  std::vector<TensorToWrite> tensors;
  for (const ExpectedTensor& tensor : expected_tensors(config)) {
    std::vector<float>& weights = values.emplace_back(random_weights(tensor, seed));
    if (tensor.name == "head.weight") {
      for (const std::int64_t eos : config.eos_ids)
        std::fill_n(weights.begin() + eos * config.text.hidden_size, config.text.hidden_size, 0.0F);
    }
    tensors.push_back(
        {published_name(tensor.name), Dtype::f32, tensor.shape, std::as_bytes(std::span(weights))});
  }
  write_safetensors(folder / "model.safetensors", tensors);
}

}  // namespace hones::checkpoint
