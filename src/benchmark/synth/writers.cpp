#include "writers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <hones/base/file.hpp>

namespace hones::benchmark {

namespace {

using Json = nlohmann::ordered_json;

double rounded(double value) {
  return std::round(value * 100.0) / 100.0;
}

Json json(const Box& box) {
  return {rounded(box.x), rounded(box.y), rounded(box.w), rounded(box.h)};
}

void append(std::string& list, const Json& item) {
  if (!list.empty()) list += ",\n";
  list += item.dump();
}

void append(std::string& object, std::int64_t key, const Json& item) {
  if (!object.empty()) object += ",\n";
  object += '"' + std::to_string(key) + "\": " + item.dump();
}

Json info() {
  return {{"description", "Synthetic scenes of hones_mpi in the format of COCO"},
          {"url", ""},
          {"version", "1.0"},
          {"year", 2026},
          {"contributor", "hones_mpi synth"},
          {"date_created", "2026-01-01 00:00:00"}};
}

Json license() {
  return {{"id", 1}, {"name", "MIT"}, {"url", "https://opensource.org/license/mit"}};
}

Json object_truth(const Object& o) {
  return {{"shape", name(o.shape)},
          {"colour", name(o.colour)},
          {"size", name(o.size)},
          {"centre", {rounded(o.x), rounded(o.y)}},
          {"box", json(o.box())}};
}

Json word_truth(const PrintedWord& w) {
  Json letters = Json::array();
  for (std::size_t i = 0; i < w.text.size(); ++i) {
    const Box cell{w.x + w.cell_width() * static_cast<double>(i), double(w.y), w.cell_width(),
                   w.cell_height()};
    letters.push_back({{"letter", std::string(1, w.text[i])}, {"box", json(cell)}});
  }
  return {{"text", w.text}, {"legible", w.legible}, {"box", json(w.box())}, {"letters", letters}};
}

}  // namespace

std::string picture_name(std::int64_t image_id) {
  std::string digits = std::to_string(image_id);
  return "COCO_train2014_" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits +
         ".jpg";
}

void Writers::add(const Described& d, const std::vector<Foil>& foils) {
  const Scene& scene = d.scene;
  const auto id = image_id(scene);
  append(images_, {{"license", 1},
                   {"file_name", picture_name(id)},
                   {"coco_url", ""},
                   {"height", kPicture},
                   {"width", kPicture},
                   {"date_captured", "2026-01-01 00:00:00"},
                   {"flickr_url", ""},
                   {"id", id}});
  add_captions(d);

  Json truth{{"image_id", id}, {"file_name", picture_name(id)}, {"width", kPicture}, {"height", kPicture}};
  truth["background"] = scene.background;
  truth["ink"] = scene.ink;
  for (const auto& object : scene.objects) truth["objects"].push_back(object_truth(object));
  const auto ids = add_words(scene);
  for (std::size_t i = 0; i < scene.words.size(); ++i) {
    Json word = word_truth(scene.words[i]);
    word["ann_id"] = ids[i];
    truth["words"].push_back(std::move(word));
  }
  truth["family"] = scene.family ? Json{{"id", scene.family->id},
                                        {"difference", name(scene.family->difference)},
                                        {"member", scene.family->member}}
                                 : Json(nullptr);
  truth["questions"] = add_questions(scene);
  for (std::size_t j = 0; j < kCaptions; ++j) {
    const auto& caption = d.captions[j];
    truth["captions"].push_back({{"id", id * 10 + static_cast<std::int64_t>(j)},
                                 {"text", caption.text},
                                 {"pattern", caption.pattern},
                                 {"meaning", text(caption.meaning)}});
  }
  truth["foils"] = Json::array();
  for (const auto& foil : foils) {
    truth["foils"].push_back({{"text", foil.text}, {"changed", foil.changed}, {"caption", foil.caption}});
  }
  scenes_ += truth.dump() + "\n";
}

void Writers::add_captions(const Described& d) {
  const auto id = image_id(d.scene);
  for (std::size_t j = 0; j < kCaptions; ++j) {
    append(
        captions_,
        {{"image_id", id}, {"id", id * 10 + static_cast<std::int64_t>(j)}, {"caption", d.captions[j].text}});
  }
}

nlohmann::json Writers::add_words(const Scene& scene) {
  const auto id = image_id(scene);
  const bool val = stream(seed_, "scene_text_split", scene.index, 0).below(5) == 0;
  append(imgs_, id,
         {{"id", id},
          {"set", val ? "val" : "train"},
          {"width", kPicture},
          {"height", kPicture},
          {"file_name", picture_name(id)}});
  nlohmann::json ids = nlohmann::json::array();
  for (const auto& word : scene.words) {
    const std::int64_t ann = ++words_;
    (word.legible ? legible : illegible) += 1;
    const Box b = word.box();
    append(anns_, ann,
           {{"mask", {b.x, b.y, b.x + b.w, b.y, b.x + b.w, b.y + b.h, b.x, b.y + b.h}},
            {"class", "machine printed"},
            {"bbox", json(b)},
            {"image_id", id},
            {"id", ann},
            {"language", "english"},
            {"area", rounded(b.w * b.h)},
            {"utf8_string", word.legible ? word.text : ""},
            {"legibility", word.legible ? "legible" : "illegible"}});
    ids.push_back(ann);
  }
  append(img_to_anns_, id, Json(ids));
  return ids;
}

nlohmann::json Writers::add_questions(const Scene& scene) {
  const auto id = image_id(scene);
  nlohmann::json truth = nlohmann::json::array();
  std::int64_t k = 0;
  for (const auto& question : ask(scene, stream(seed_, "question", scene.index, 0))) {
    const std::int64_t question_id = id * 1000 + k;
    append(questions_, {{"image_id", id}, {"question", question.text}, {"question_id", question_id}});
    Json answers = Json::array();
    for (const auto& answer : annotate(question, stream(seed_, "annotators", question_id, 0))) {
      answers.push_back({{"answer", answer.text},
                         {"answer_confidence", answer.confidence},
                         {"answer_id", static_cast<std::int64_t>(answers.size()) + 1}});
    }
    append(annotations_, {{"question_type", question.question_type},
                          {"multiple_choice_answer", question.answer},
                          {"answers", answers},
                          {"image_id", id},
                          {"answer_type", question.answer_type},
                          {"question_id", question_id}});
    truth.push_back({{"question_id", question_id},
                     {"kind", question.kind},
                     {"question", question.text},
                     {"answer", question.answer}});
    ++k;
    ++questions;
  }
  return truth;
}

void Writers::write_truth(const std::filesystem::path& out) const {
  write_file(out / kTruthFile, scenes_);
}

void Writers::write_official(const std::filesystem::path& out) const {
  const std::string head = "{\"info\": " + info().dump() + ",\n";
  write_file(out / kCaptionsFile, head + "\"images\": [\n" + images_ + "],\n\"licenses\": [" +
                                      license().dump() + "],\n\"annotations\": [\n" + captions_ + "]}\n");
  write_file(out / kSceneTextFile, head + "\"cats\": {},\n\"imgs\": {\n" + imgs_ + "},\n\"anns\": {\n" +
                                       anns_ + "},\n\"imgToAnns\": {\n" + img_to_anns_ + "}}\n");
  const std::string vqa_head =
      head +
      "\"data_type\": \"mscoco\",\n\"data_subtype\": \"train2014\",\n\"license\": " + license().dump() +
      ",\n";
  write_file(out / kQuestionsFile,
             vqa_head + "\"task_type\": \"Open-Ended\",\n\"questions\": [\n" + questions_ + "]}\n");
  write_file(out / kAnnotationsFile, vqa_head + "\"annotations\": [\n" + annotations_ + "]}\n");
}

}  // namespace hones::benchmark
