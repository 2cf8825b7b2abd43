// The official files and scenes.jsonl, built item by item: a set of 60,000 scenes does not fit a JSON tree
// well.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "language.hpp"
#include "unique.hpp"

namespace hones::benchmark {

inline constexpr const char* kTruthFile = "scenes.jsonl";
inline constexpr const char* kCaptionsFile = "captions_train2014.json";
inline constexpr const char* kSceneTextFile = "cocotext.v2.json";
inline constexpr const char* kQuestionsFile = "v2_OpenEnded_mscoco_train2014_questions.json";
inline constexpr const char* kAnnotationsFile = "v2_mscoco_train2014_annotations.json";

std::string picture_name(std::int64_t image_id);
// COCO's ids start nowhere in particular; ours at 1.
inline std::int64_t image_id(const Scene& scene) {
  return scene.index + 1;
}

class Writers {
 public:
  explicit Writers(std::uint64_t seed) : seed_(seed) {}

  // In the order of the scenes. Annotation ids are given out here.
  void add(const Described& described, const std::vector<Foil>& foils);
  // scenes.jsonl; it names every picture.
  void write_truth(const std::filesystem::path& out) const;
  void write_official(const std::filesystem::path& out) const;

  std::int64_t questions = 0, legible = 0, illegible = 0;

 private:
  void add_captions(const Described& described);
  nlohmann::json add_words(const Scene& scene);  // the ids of its annotations
  nlohmann::json add_questions(const Scene& scene);

  std::uint64_t seed_;
  std::int64_t words_ = 0;
  std::string images_, captions_, imgs_, anns_, img_to_anns_, questions_, annotations_, scenes_;
};

}  // namespace hones::benchmark
