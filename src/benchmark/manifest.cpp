#include "manifest.hpp"

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

#include "fields.hpp"

namespace hones::benchmark {

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "manifest.json";
  nlohmann::json parsed;
  try {
    parsed = nlohmann::json::parse(read_file(file));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(file.string() + ": not JSON: " + without_label(error.what()));
  }
  const Fields fields(parsed, file.string());
  Manifest manifest;
  manifest.images = std::filesystem::path(fields.filled_text("images"));
  if (manifest.images.is_relative()) manifest.images = (folder / manifest.images).lexically_normal();
  const std::int64_t seed = fields.integer_at_least("seed", 0);
  manifest.seed = std::to_string(seed);
  manifest.retrieval = fields.has("retrieval");
  const Fields sizes = fields.object("sizes");
  for (const char* split : {"discovery", "dev", "test"}) {
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
