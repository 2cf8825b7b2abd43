#include "folder.hpp"

#include <hones/base/error.hpp>

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
void write_lines(const std::filesystem::path& file, const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += to_json_line(item) + "\n";
  write_file(file, text);
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

void write_folder(const std::filesystem::path& out, const Parts& parts,
                  const nlohmann::ordered_json& manifest) {
  remove_old(out / kManifest);
  for (const char* split : kSplits) {
    remove_old(out / (std::string(split) + ".jsonl"));
    remove_old(out / "retrieval" / (std::string(split) + ".jsonl"));
  }
  for (const auto& [split, records] : parts.records) write_lines(out / (split + ".jsonl"), records);
  for (const auto& [split, queries] : parts.queries)
    write_lines(out / "retrieval" / (split + ".jsonl"), queries);
  write_file(out / kManifest, manifest.dump(2) + "\n");
}

}  // namespace hones::benchmark
