#include "folder.hpp"

#include <utility>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

#include "manifest.hpp"

namespace hones::benchmark {

namespace {

constexpr const char* kManifest = "manifest.json";

void remove_old(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) throw DataError("cannot remove " + file.string() + ": " + error.message());
}

template <typename T>
std::string lines_of(const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += to_json_line(item) + "\n";
  return text;
}

}  // namespace

void check_folders(const std::filesystem::path& images, const std::filesystem::path& out, bool overwrite) {
  const std::string reason = why_no_folder(images);
  if (!reason.empty()) throw DataError("no pictures at " + images.string() + ": " + reason);
  const std::string named = "--out " + out.string();
  std::error_code ignored;
  if (std::filesystem::exists(out / kManifest, ignored) && !overwrite) {
    throw UsageError(named + " already holds a benchmark (" + kManifest +
                     "); name another folder, or pass --overwrite to replace it");
  }
  make_output_folder(named, out);
  make_output_folder(named, out / "retrieval");
}

// Everything is made and written under other names first: what was there before goes only when nothing but
// renaming is left to do, and the manifest, without which no folder is a benchmark, comes last.
void write_folder(const std::filesystem::path& out, const Parts& parts,
                  const nlohmann::ordered_json& manifest) {
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  for (const auto& [split, records] : parts.records)
    files.emplace_back(out / (split + ".jsonl"), lines_of(records));
  for (const auto& [split, queries] : parts.queries)
    files.emplace_back(out / "retrieval" / (split + ".jsonl"), lines_of(queries));
  files.emplace_back(out / kManifest, manifest.dump(2) + "\n");
  const auto fresh = [](const std::filesystem::path& file) { return file.string() + ".new"; };
  try {
    for (const auto& [file, text] : files) write_file(fresh(file), text);
  } catch (...) {
    std::error_code ignored;
    for (const auto& entry : files) std::filesystem::remove(fresh(entry.first), ignored);
    throw;
  }
  remove_old(out / kManifest);
  for (const char* split : kSplits) {
    remove_old(out / (std::string(split) + ".jsonl"));
    remove_old(out / "retrieval" / (std::string(split) + ".jsonl"));
  }
  for (const auto& entry : files) {
    std::error_code error;
    std::filesystem::rename(fresh(entry.first), entry.first, error);
    if (error) throw DataError("cannot make " + entry.first.string() + ": " + error.message());
  }
}

}  // namespace hones::benchmark
