// Loading a split: nothing is believed, everything is named by file, line and field
// (docs/benchmark.md 2.4, 2.5).
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/records.hpp>

#include "fields.hpp"
#include "manifest.hpp"

namespace hones::benchmark {

namespace {

constexpr const char* kSplits[] = {"discovery", "dev", "test"};
constexpr std::size_t kAnswers = 10;
constexpr std::size_t kReferences = 5;
constexpr std::size_t kCandidates = 50;

// Calls visit(fields) for every line; an empty last line is no record.
template <typename Visit>
void visit_lines(const std::filesystem::path& file, std::string_view text, Visit visit) {
  std::int64_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string where = file.string() + ":" + std::to_string(number);
    nlohmann::json parsed;
    try {
      parsed = nlohmann::json::parse(line);
    } catch (const nlohmann::json::exception& error) {
      throw DataError(where + ": not JSON: " + without_label(error.what()));
    }
    visit(Fields(parsed, where));
  }
}

VqaItem read_vqa(const Fields& fields) {
  VqaItem item;
  item.question_id = fields.filled_text("question_id");
  item.question = fields.filled_text("question");
  for (const auto& answer : fields.array("answers")) {
    if (!answer.is_string()) fields.fail("answers", "every answer must be a string");
    item.answers.push_back(answer.get<std::string>());
  }
  if (item.answers.size() != kAnswers) {
    fields.fail("answers", "expected 10 answers, found " + std::to_string(item.answers.size()));
  }
  item.target = fields.text("target");  // the modal answer may be empty: annotators may say nothing
  item.question_type = fields.text("question_type");
  item.answer_type = fields.text("answer_type");
  return item;
}

OcrItem read_ocr(const Fields& fields) {
  return {fields.filled_text("ann_id"), fields.box("bbox"), fields.filled_text("text")};
}

std::vector<Caption> read_captions(const Fields& fields) {
  std::vector<Caption> captions;
  for (std::size_t i = 0; i < fields.array("captions").size(); ++i) {
    const Fields caption = fields.element("captions", i);
    captions.push_back({caption.integer("id"), caption.filled_text("text")});
    const auto same = [&](const Caption& other) { return other.id == captions.back().id; };
    if (std::count_if(captions.begin(), captions.end(), same) > 1) caption.fail("id", "stands there twice");
  }
  if (!captions.empty() && captions.size() != kReferences) {
    fields.fail("captions", "expected 5 captions or none, found " + std::to_string(captions.size()));
  }
  return captions;
}

std::vector<image::Polygon> read_polygons(const Fields& fields, std::size_t expected) {
  std::vector<image::Polygon> polygons;
  const auto& array = fields.array("text_polygons");
  for (std::size_t i = 0; i < array.size(); ++i)
    polygons.push_back(read_polygon(fields, "text_polygons[" + std::to_string(i) + "]", array[i]));
  if (polygons.size() != expected) {
    fields.fail("text_polygons", "expected one a box, " + std::to_string(expected) + ", found " +
                                     std::to_string(polygons.size()));
  }
  return polygons;
}

Record read_record(const Fields& fields, const std::string& split) {
  Record record;
  record.where = fields.where();
  record.image_id = fields.filled_text("image_id");
  record.file_name = fields.filled_text("file_name");
  record.width = fields.integer_at_least("width", 1);
  record.height = fields.integer_at_least("height", 1);
  record.split = fields.text("split");
  if (record.split != split)
    fields.fail("split", "expected \"" + split + "\", found \"" + record.split + "\"");
  if (fields.has("vqa")) record.vqa = read_vqa(fields.object("vqa"));
  if (fields.has("ocr")) record.ocr = read_ocr(fields.object("ocr"));
  record.captions = read_captions(fields);
  const auto& boxes = fields.array("text_boxes");
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    record.text_boxes.push_back(read_box(fields, "text_boxes[" + std::to_string(i) + "]", boxes[i]));
  }
  if (fields.has("text_polygons")) record.text_polygons = read_polygons(fields, boxes.size());
  return record;
}

// Image id -> file name of everything read so far; two records may not share an image.
using Images = std::unordered_map<std::string, std::string>;

std::vector<Record> read_split(const std::filesystem::path& file, const std::string& text,
                               const std::string& split, Images& images) {
  std::vector<Record> records;
  visit_lines(file, text, [&](const Fields& fields) {
    records.push_back(read_record(fields, split));
    if (!images.emplace(records.back().image_id, records.back().file_name).second) {
      fields.fail("image_id", "\"" + records.back().image_id + "\" stands there twice");
    }
  });
  return records;
}

Query read_query(const Fields& fields, const Images& images) {
  Query query;
  query.where = fields.where();
  query.image_id = fields.filled_text("image_id");
  const auto image = images.find(query.image_id);
  if (image == images.end())
    fields.fail("image_id", "\"" + query.image_id + "\" is not an image of the split");
  query.file_name = image->second;
  query.positive = fields.integer("positive");
  std::set<std::int64_t> ids;
  for (std::size_t i = 0; i < fields.array("candidates").size(); ++i) {
    const Fields candidate = fields.element("candidates", i);
    query.candidates.push_back(
        {candidate.integer("caption_id"), candidate.filled_text("image_id"), candidate.filled_text("text")});
    const Candidate& read = query.candidates.back();
    if (!ids.insert(read.caption_id).second)
      candidate.fail("caption_id", std::to_string(read.caption_id) + " stands there twice");
    if ((read.image_id == query.image_id) != (read.caption_id == query.positive)) {
      candidate.fail("image_id", "the positive and nothing else must be of the query's image");
    }
  }
  if (query.candidates.size() != kCandidates) {
    fields.fail("candidates", "expected 50 candidates, found " + std::to_string(query.candidates.size()));
  }
  if (!ids.contains(query.positive))
    fields.fail("positive", std::to_string(query.positive) + " is not among the candidates");
  return query;
}

// The text of the queries' file. A benchmark whose manifest tells of no retrieval needs none.
std::string queries_text(const std::filesystem::path& file, const Manifest& manifest) {
  std::error_code ignored;
  const bool none = !manifest.retrieval && !std::filesystem::exists(file, ignored);
  return none ? "" : read_file(file);
}

std::vector<Query> read_queries(const std::filesystem::path& file, const std::string& text,
                                const Images& images) {
  std::vector<Query> queries;
  std::unordered_set<std::string> asked;
  visit_lines(file, text, [&](const Fields& fields) {
    queries.push_back(read_query(fields, images));
    if (!asked.insert(queries.back().image_id).second) {
      fields.fail("image_id", "\"" + queries.back().image_id + "\" stands there twice");
    }
  });
  return queries;
}

// Only ids of the other splits are of interest: an image of two splits would be measured where it was chosen.
void check_disjoint(const std::filesystem::path& folder, const std::string& split, const Images& images) {
  for (const char* other : kSplits) {
    const std::filesystem::path file = folder / (std::string(other) + ".jsonl");
    std::error_code ignored;
    if (other == split || !std::filesystem::exists(file, ignored)) continue;
    visit_lines(file, read_file(file), [&](const Fields& fields) {
      const std::string& id = fields.filled_text("image_id");
      if (images.contains(id))
        fields.fail("image_id", "\"" + id + "\" is also an image of the split " + split);
    });
  }
}

}  // namespace

Benchmark load(const std::filesystem::path& folder, const std::string& split) {
  if (std::find(std::begin(kSplits), std::end(kSplits), split) == std::end(kSplits)) {
    throw UsageError("no split \"" + split + "\": expected discovery, dev or test");
  }
  const std::string no_benchmark = why_no_folder(folder);
  if (!no_benchmark.empty()) throw DataError("no benchmark at " + folder.string() + ": " + no_benchmark);
  const Manifest manifest = read_manifest(folder);
  const std::string no_pictures = why_no_folder(manifest.images);
  if (!no_pictures.empty()) {
    throw DataError("no pictures at " + manifest.images.string() + ": " + no_pictures + "; " +
                    (folder / "manifest.json").string() + " names it under \"images\"");
  }
  Benchmark benchmark;
  benchmark.folder = folder;
  benchmark.images = manifest.images;
  const std::filesystem::path file = folder / (split + ".jsonl");
  const std::string text = read_file(file);
  Images images;
  benchmark.records = read_split(file, text, split, images);
  const auto size = manifest.sizes.find(split);
  if (size != manifest.sizes.end() && size->second != static_cast<std::int64_t>(benchmark.records.size())) {
    throw DataError(file.string() + ": " + std::to_string(benchmark.records.size()) +
                    " records, but the manifest says " + std::to_string(size->second));
  }
  check_disjoint(folder, split, images);
  const std::filesystem::path retrieval = folder / "retrieval" / (split + ".jsonl");
  const std::string queries = queries_text(retrieval, manifest);
  benchmark.queries = read_queries(retrieval, queries, images);
  // Each part with its length before it, so that no text can move from one part to the next.
  Sha256 digest;
  for (const std::string& part : {text, queries, manifest.seed})
    digest.update(std::to_string(part.size()) + "\n" + part);
  benchmark.digest = digest.hex();
  return benchmark;
}

}  // namespace hones::benchmark
