#include <algorithm>
#include <set>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

#include "fields.hpp"

namespace hones::checkpoint {

namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

std::string shown(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

// Problems of one kind, listed with an end: a checkpoint of another model has hundreds.
void append(std::string& line, const std::string& title, const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  if (names.empty()) return;
  line += "; " + title + " (" + std::to_string(names.size()) + "): ";
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) line += (i ? ", " : "") + names[i];
  if (names.size() > kShown) line += ", ...";
}

// Tensor name -> shard file name.
std::map<std::string, std::string> read_index(const std::filesystem::path& file) {
  const json document = read_json(file);
  const json* map = Fields(document, file.string()).find("weight_map");
  if (map == nullptr || !map->is_object()) throw DataError(file.string() + ": has no object weight_map");
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string()) throw DataError(file.string() + ": the shard of " + tensor + " is not a string");
    const auto& name = shard.get_ref<const std::string&>();
    // Only files of the checkpoint itself: an index must not make the program read elsewhere.
    if (name.empty() || name == "." || name == ".." || name.find_first_of("/\\") != std::string::npos ||
        name.find('\0') != std::string::npos) {
      throw DataError(file.string() + ": \"" + name + "\" is not the name of a file beside it");
    }
    shards.emplace(tensor, name);
  }
  if (shards.empty()) throw DataError(file.string() + ": weight_map is empty");
  return shards;
}

// Weight files of a checkpoint, sorted; for a sharded one without the index.
std::vector<std::string> weight_files(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / kIndex)) {
    std::set<std::string> names;
    for (const auto& [tensor, shard] : read_index(folder / kIndex)) names.insert(shard);
    return {names.begin(), names.end()};
  }
  if (std::filesystem::exists(folder / kSingle)) return {kSingle};
  std::string line = folder.string() + ": has neither " + kIndex + " nor " + kSingle;
  if (!std::filesystem::is_directory(folder)) {
    line = folder.string() + ": no such folder";
  } else if (std::filesystem::exists(folder / "pytorch_model.bin") ||
             std::filesystem::exists(folder / "pytorch_model.bin.index.json")) {
    line += "; pytorch_model.bin is not read, convert it with transformers' save_pretrained";
  }
  throw DataError(line);
}

TensorMap read_weights(const std::filesystem::path& folder) {
  const std::vector<std::string> files = weight_files(folder);
  if (!std::filesystem::exists(folder / kIndex)) return read_safetensors(folder / kSingle);
  const auto shards = read_index(folder / kIndex);
  TensorMap all;
  std::vector<std::string> missing, unlisted;
  for (const std::string& file : files) {
    for (auto& [name, view] : read_safetensors(folder / file)) {
      const auto listed = shards.find(name);
      if (listed == shards.end() || listed->second != file) {
        unlisted.push_back(name + " in " + file);
      } else {
        all.emplace(name, std::move(view));
      }
    }
  }
  for (const auto& [name, file] : shards) {
    if (!all.contains(name)) missing.push_back(name + " in " + file);
  }
  std::string line;
  append(line, "not in the shard that the index names", missing);
  append(line, "in a shard, but not in the index", unlisted);
  if (!line.empty()) throw DataError((folder / kIndex).string() + ": does not agree with its shards" + line);
  return all;
}

}  // namespace

Checkpoint open_llava(const std::filesystem::path& folder) {
  Checkpoint checkpoint{folder, read_llava_config(folder), {}};
  std::vector<std::string> missing, left_over, colliding, misshapen;
  std::map<std::string, std::string> origin;  // normalised name -> name in the file
  for (auto& [name, view] : read_weights(folder)) {
    const std::string normalised = normalised_name(name);
    if (normalised.empty()) continue;
    // A fine-tune of a tied model may store a head; the embedding is used all the same.
    if (checkpoint.config.text.tied && normalised == "head.weight") continue;
    const auto [it, fresh] = origin.emplace(normalised, name);
    if (!fresh) {
      colliding.push_back(it->second + " and " + name);
      continue;
    }
    checkpoint.tensors.emplace(normalised, std::move(view));
  }
  std::set<std::string> expected;
  for (const ExpectedTensor& tensor : expected_tensors(checkpoint.config)) {
    expected.insert(tensor.name);
    const auto found = checkpoint.tensors.find(tensor.name);
    if (found == checkpoint.tensors.end()) {
      missing.push_back(tensor.name);
    } else if (found->second.shape != tensor.shape) {
      misshapen.push_back(origin.at(tensor.name) + " is " + shown(found->second.shape) +
                          ", config.json says " + shown(tensor.shape));
    } else if (found->second.dtype == Dtype::i64) {
      misshapen.push_back(origin.at(tensor.name) + " is I64, not a float type");
    }
  }
  for (const auto& [normalised, name] : origin) {
    if (!expected.contains(normalised)) left_over.push_back(name);
  }
  std::string line;
  append(line, "missing", missing);
  append(line, "not of this model", left_over);
  append(line, "the same tensor twice", colliding);
  append(line, "wrong shape or type", misshapen);
  if (!line.empty()) throw DataError(folder.string() + ": weights do not fit config.json" + line);
  return checkpoint;
}

std::string model_digest(const std::filesystem::path& folder) {
  std::vector<std::string> files = weight_files(folder);
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json",
                           "preprocessor_config.json", "processor_config.json", kIndex}) {
    if (std::filesystem::exists(folder / name)) files.emplace_back(name);
  }
  std::sort(files.begin(), files.end());
  Sha256 digest;
  for (const std::string& name : files) digest.update(sha256_file(folder / name) + "  " + name + "\n");
  return digest.hex();
}

}  // namespace hones::checkpoint
