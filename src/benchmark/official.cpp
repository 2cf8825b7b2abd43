#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <hones/base/error.hpp>
#include <hones/benchmark/official.hpp>

#include "stream.hpp"

namespace hones::benchmark {

namespace {

template <typename T>
void sort_by_id(std::vector<T>& items) {
  std::sort(items.begin(), items.end(), [](const T& a, const T& b) { return a.id < b.id; });
}

// Ids name records in every result, so a repeated one is an error and not a choice.
void must_be_new(bool is_new, const Fields& record, const char* field, std::int64_t id) {
  if (!is_new) record.fail(field, std::to_string(id) + " stands there twice");
}

// The key of a COCO-Text object is the id as a decimal string and must say the same as the value.
void key_must_be(std::int64_t id, const Fields& record, const std::string& key) {
  if (key != std::to_string(id)) record.fail("id", std::to_string(id) + " under the key \"" + key + "\"");
}

bool legible(const Fields& instance) {
  return instance.word("legibility", {"legible", "illegible"}) == "legible";
}

image::Polygon polygon_of(const Fields& instance) {
  for (const char* field : {"mask", "polygon"}) {
    if (instance.names(field)) return instance.polygon(field);
  }
  return {};
}

}  // namespace

std::map<std::int64_t, CaptionedImage> read_captions(const std::filesystem::path& file) {
  std::map<std::int64_t, CaptionedImage> images;
  std::unordered_map<std::int64_t, std::vector<Caption>> captions;  // the arrays may come in either order
  std::unordered_map<std::int64_t, std::string> first_record;       // of an image id, for complaints
  std::unordered_set<std::int64_t> caption_ids;
  std::unordered_set<std::string> names;  // one picture under two ids could be in two splits
  const auto add_image = [&](const Fields& image, const std::string&) {
    const std::int64_t id = image.integer("id");
    CaptionedImage entry{image.file_name("file_name"),
                         image.integer_at_least("width", 1),
                         image.integer_at_least("height", 1),
                         {}};
    if (!names.insert(entry.file_name).second)
      image.fail("file_name", "\"" + entry.file_name + "\" stands there twice");
    must_be_new(images.emplace(id, std::move(entry)).second, image, "id", id);
  };
  const auto add_caption = [&](const Fields& annotation, const std::string&) {
    const std::int64_t id = annotation.integer("id"), image = annotation.integer("image_id");
    must_be_new(caption_ids.insert(id).second, annotation, "id", id);
    captions[image].push_back({id, annotation.text("caption")});
    first_record.emplace(image, annotation.where());
  };
  visit_sections(file, {{"images", in_array(add_image)}, {"annotations", in_array(add_caption)}});
  for (auto& [id, list] : captions) {
    const auto found = images.find(id);
    if (found == images.end()) {
      throw DataError(first_record.at(id) + ": field \"image_id\": " + std::to_string(id) +
                      " is not among the images");
    }
    sort_by_id(list);
    found->second.captions = std::move(list);
  }
  return images;
}

std::map<std::int64_t, std::vector<TextInstance>> read_scene_text(const std::filesystem::path& file) {
  std::map<std::int64_t, std::vector<TextInstance>> images;
  std::unordered_map<std::int64_t, std::vector<TextInstance>> instances;
  std::unordered_set<std::int64_t> instance_ids;
  const auto add_image = [&](const Fields& image, const std::string& key) {
    const std::int64_t id = image.integer("id");
    key_must_be(id, image, key);
    must_be_new(images.emplace(id, std::vector<TextInstance>{}).second, image, "id", id);
  };
  const auto add_instance = [&](const Fields& instance, const std::string& key) {
    const std::int64_t id = instance.integer("id");
    key_must_be(id, instance, key);
    must_be_new(instance_ids.insert(id).second, instance, "id", id);
    instances[instance.integer("image_id")].push_back(
        {id, instance.box("bbox"), legible(instance), instance.text_or("language", "") == "english",
         instance.text_or("utf8_string", ""), polygon_of(instance)});
  };
  visit_sections(file, {{"imgs", in_object(add_image)}, {"anns", in_object(add_instance)}});
  for (auto& [id, list] : instances) {
    const auto found = images.find(id);
    if (found == images.end()) continue;  // the public file leaves images out
    sort_by_id(list);
    found->second = std::move(list);
  }
  return images;
}

namespace {

AnnotatedQuestion read_annotation(const Fields& annotation, std::int64_t id) {
  AnnotatedQuestion entry;
  entry.id = id;
  entry.question_type = annotation.text("question_type");
  entry.answer_type = annotation.word("answer_type", {"yes/no", "number", "other"});
  entry.target = annotation.text("multiple_choice_answer");
  for (std::size_t i = 0; i < annotation.array("answers").size(); ++i) {
    entry.answers.push_back(annotation.element("answers", i).text("answer"));
  }
  return entry;
}

}  // namespace

std::map<std::int64_t, std::vector<AnnotatedQuestion>> read_questions(
    const std::filesystem::path& questions, const std::filesystem::path& annotations) {
  struct Question {
    std::int64_t image = 0;
    std::string text;
    bool annotated = false;
  };
  std::unordered_map<std::int64_t, Question> asked;
  const auto add_question = [&](const Fields& question, const std::string&) {
    const std::int64_t id = question.integer("question_id");
    Question entry{question.integer("image_id"), question.filled_text("question")};
    must_be_new(asked.emplace(id, std::move(entry)).second, question, "question_id", id);
  };
  visit_sections(questions, {{"questions", in_array(add_question)}});
  std::map<std::int64_t, std::vector<AnnotatedQuestion>> images;
  const auto add_annotation = [&](const Fields& annotation, const std::string&) {
    const std::int64_t id = annotation.integer("question_id");
    const std::int64_t image = annotation.integer("image_id");
    const auto found = asked.find(id);
    if (found == asked.end())
      annotation.fail("question_id", std::to_string(id) + " is not in " + questions.string());
    Question& question = found->second;
    if (question.image != image) {
      annotation.fail("image_id", std::to_string(image) + ", but the question has image " +
                                      std::to_string(question.image));
    }
    must_be_new(!std::exchange(question.annotated, true), annotation, "question_id", id);
    AnnotatedQuestion entry = read_annotation(annotation, id);
    entry.question = question.text;
    images[image].push_back(std::move(entry));
  };
  visit_sections(annotations, {{"annotations", in_array(add_annotation)}});
  for (auto& [id, list] : images) sort_by_id(list);
  return images;
}

}  // namespace hones::benchmark
