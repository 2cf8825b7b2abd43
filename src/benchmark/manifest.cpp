#include "manifest.hpp"

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

#include "fields.hpp"

namespace hones::benchmark {

namespace {

constexpr Dataset kDatasets[] = {
    {"coco", 10, false}, {"gqa", 1, true}, {"textvqa", 10, true}, {"flickr30k", 0, false}};

const Dataset& dataset_of(const Fields& fields) {
  const Dataset* dataset = find_dataset(fields.text("dataset"));
  if (!dataset) {
    fields.fail("dataset",
                "expected one of coco, gqa, textvqa, flickr30k, found \"" + fields.text("dataset") + "\"");
  }
  return *dataset;
}

}  // namespace

const Dataset* find_dataset(const std::string& name) {
  for (const Dataset& dataset : kDatasets) {
    if (name == dataset.name) return &dataset;
  }
  return nullptr;
}

nlohmann::ordered_json input_json(const std::filesystem::path& file) {
  return {{"file", file.filename().string()},
          {"bytes", std::filesystem::file_size(file)},
          {"sha256", sha256_file(file)}};
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "manifest.json";
  nlohmann::json parsed;
  try {
    parsed = nlohmann::json::parse(read_file(file));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(file.string() + ": not JSON: " + without_label(error.what()));
  }
  const Fields fields(parsed, file.string());
  const std::int64_t version = fields.integer("schema_version");
  if (version != kSchemaVersion) {
    fields.fail("schema_version", "this program reads " + std::to_string(kSchemaVersion) + ", found " +
                                      std::to_string(version) + ": prepare the benchmark again");
  }
  Manifest manifest;
  manifest.dataset = &dataset_of(fields);
  manifest.images = std::filesystem::path(fields.filled_text("images"));
  if (manifest.images.is_relative()) manifest.images = (folder / manifest.images).lexically_normal();
  const std::int64_t seed = fields.integer_at_least("seed", 0);
  manifest.seed = std::to_string(seed);
  manifest.retrieval = fields.has("retrieval");
  const Fields sizes = fields.object("sizes");
  for (const char* split : kSplits) {
    if (sizes.has(split)) manifest.sizes[split] = sizes.integer_at_least(split, 0);
  }
  return manifest;
}

std::string images_entry(const std::filesystem::path& images, const std::filesystem::path& out) {
  const auto full_images = std::filesystem::weakly_canonical(images),
             full_out = std::filesystem::weakly_canonical(out);
  const auto first_folder = [](const std::filesystem::path& path) { return *std::next(path.begin()); };
  const bool deep = std::distance(full_images.begin(), full_images.end()) > 1 &&
                    std::distance(full_out.begin(), full_out.end()) > 1;
  if (deep && first_folder(full_images) == first_folder(full_out)) {
    return full_images.lexically_relative(full_out).generic_string();
  }
  return full_images.generic_string();
}

}  // namespace hones::benchmark
