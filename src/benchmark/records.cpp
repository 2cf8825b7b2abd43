#include <nlohmann/json.hpp>

#include <hones/benchmark/records.hpp>

namespace hones::benchmark {

namespace {

using Json =
    nlohmann::ordered_json;  // fields in the order of docs/benchmark.md 2.4, for people who look at the file

Json vqa_json(const VqaItem& item) {
  return {{"question_id", item.question_id},
          {"question", item.question},
          {"answers", item.answers},
          {"target", item.target},
          {"question_type", item.question_type},
          {"answer_type", item.answer_type}};
}

Json ocr_json(const OcrItem& item) {
  return {{"ann_id", item.ann_id}, {"bbox", item.box}, {"text", item.text}};
}

Json flat(const image::Polygon& polygon) {
  Json numbers = Json::array();
  for (const auto& [x, y] : polygon) {
    numbers.push_back(x);
    numbers.push_back(y);
  }
  return numbers;
}

}  // namespace

std::string to_json_line(const Record& record) {
  Json line = {{"image_id", record.image_id},
               {"file_name", record.file_name},
               {"sha256", record.sha256.empty() ? Json(nullptr) : Json(record.sha256)},
               {"width", record.width},
               {"height", record.height},
               {"split", record.split}};
  if (record.vqa) line["vqa"] = vqa_json(*record.vqa);
  if (record.ocr) line["ocr"] = ocr_json(*record.ocr);
  line["captions"] = Json::array();
  for (const Caption& caption : record.captions)
    line["captions"].push_back({{"id", caption.id}, {"text", caption.text}});
  line["text_boxes"] = record.text_boxes;
  for (const image::Polygon& polygon : record.text_polygons) line["text_polygons"].push_back(flat(polygon));
  return line.dump();
}

std::string to_json_line(const Query& query) {
  Json line = {{"image_id", query.image_id}, {"positive", query.positive}, {"candidates", Json::array()}};
  for (const Candidate& candidate : query.candidates) {
    line["candidates"].push_back(
        {{"caption_id", candidate.caption_id}, {"image_id", candidate.image_id}, {"text", candidate.text}});
  }
  return line.dump();
}

}  // namespace hones::benchmark
