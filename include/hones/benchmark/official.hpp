// Readers of the official files (docs/benchmark.md 1.1-1.3). Ids are integers there; order of keys and arrays
// means nothing. All throw DataError naming file, record and field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <hones/benchmark/records.hpp>
#include <hones/image/image.hpp>

namespace hones::benchmark {

struct CaptionedImage {
  std::string file_name;
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<Caption> captions;  // by id, raw
};
// COCO captions, by image id.
std::map<std::int64_t, CaptionedImage> read_captions(const std::filesystem::path& file);

struct TextInstance {
  std::int64_t id = 0;
  image::Box box{};
  bool legible = false;
  bool english = false;
  std::string text;        // raw; empty where the file has none
  image::Polygon polygon;  // `mask` of v2, `polygon` of v1; empty where the file has none
};
// COCO-Text v1 or v2: an entry for every key of `imgs`, its instances by id.
std::map<std::int64_t, std::vector<TextInstance>> read_scene_text(const std::filesystem::path& file);

struct AnnotatedQuestion {
  std::int64_t id = 0;
  std::string question;
  std::string question_type;
  std::string answer_type;
  std::string target;                // multiple_choice_answer
  std::vector<std::string> answers;  // as many as the file has
};
// VQAv2: the questions that have an annotation, by image id, each image's by question id.
std::map<std::int64_t, std::vector<AnnotatedQuestion>> read_questions(
    const std::filesystem::path& questions, const std::filesystem::path& annotations);

}  // namespace hones::benchmark
