#include "folder.hpp"

#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

#include "writers.hpp"

namespace hones::benchmark {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Something that a run leaves, or would write over; empty where there is nothing.
std::string found_in(const fs::path& out) {
  for (const char* name : {kTruthFile, kCaptionsFile, kSceneTextFile, kQuestionsFile, kAnnotationsFile}) {
    if (is_there(out / name)) return name;
  }
  std::error_code ignored;
  const fs::directory_iterator pictures(out / "images", ignored);
  return pictures == fs::directory_iterator() ? "" : "images/" + pictures->path().filename().string();
}

// File names of the pictures that a scenes.jsonl tells of.
std::vector<std::string> pictures_of(const fs::path& truth) {
  std::vector<std::string> names;
  std::istringstream lines(read_file(truth));
  std::string line;
  for (std::int64_t number = 1; std::getline(lines, line); ++number) {
    const auto scene = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    const auto id = scene.is_object() ? scene.find("image_id") : scene.end();
    if (id == scene.end() || !id->is_number_integer()) {
      throw DataError(truth.string() + ":" + std::to_string(number) +
                      ": not a scene: this folder is not removed from; name another one");
    }
    names.push_back(picture_name(id->get<std::int64_t>()));
  }
  return names;
}

void remove_file(const fs::path& file) {
  std::error_code error;
  fs::remove(file, error);
  if (error) throw DataError("cannot remove " + file.string() + ": " + error.message());
}

}  // namespace

void check_scene_folder(const SynthOptions& options) {
  const std::string found = found_in(options.out);
  if (found.empty()) return;
  const std::string holds = "--out " + options.out.string() + " holds " + found;
  if (!is_there(options.out / kTruthFile)) {
    throw UsageError(holds + " but no " + kTruthFile + ", so synth did not make it; name another folder");
  }
  if (!options.overwrite) {
    throw UsageError(holds +
                     " already; name another folder, or pass --overwrite to replace the scenes there");
  }
}

void remove_scenes(const fs::path& out) {
  const fs::path truth = out / kTruthFile;
  if (!is_there(truth)) return;
  for (const std::string& name : pictures_of(truth)) remove_file(out / "images" / name);
  for (const char* name :
       {kCaptionsFile, kSceneTextFile, kQuestionsFile, kAnnotationsFile, "settings.toml"}) {
    remove_file(out / name);
  }
  remove_file(truth);  // last: what is left when this is interrupted is still known to be synth's
}

}  // namespace hones::benchmark
