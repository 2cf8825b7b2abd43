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
    const nlohmann::json parsed = parse_line(line, where);
    visit(Fields(parsed, where));
  }
}

VqaItem read_vqa(const Fields& fields, const Dataset& dataset) {
  VqaItem item;
  item.question_id = fields.filled_text("question_id");
  item.question = fields.filled_text("question");
  item.answers = fields.texts("answers");
  if (item.answers.size() != dataset.answers) {
    fields.fail("answers", "expected " + std::to_string(dataset.answers) + " answer(s), found " +
                               std::to_string(item.answers.size()));
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

std::string read_sha256(const Fields& fields) {
  if (fields.is_null("sha256")) return "";
  const std::string& hex = fields.text("sha256");
  if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
    fields.fail("sha256", "expected 64 digits of lower-case hex or null, found \"" + hex + "\"");
  return hex;
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

Record read_record(const Fields& fields, const std::string& split, const Dataset& dataset) {
  Record record;
  record.where = fields.where();
  record.image_id = fields.filled_text("image_id");
  record.file_name = fields.file_name("file_name");
  record.sha256 = read_sha256(fields);
  record.width = fields.integer_at_least("width", 1);
  record.height = fields.integer_at_least("height", 1);
  record.split = fields.text("split");
  if (record.split != split)
    fields.fail("split", "expected \"" + split + "\", found \"" + record.split + "\"");
  if (fields.has("vqa")) record.vqa = read_vqa(fields.object("vqa"), dataset);
  if (fields.has("ocr")) record.ocr = read_ocr(fields.object("ocr"));
  record.captions = read_captions(fields);
  const auto& boxes = fields.array("text_boxes");
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    record.text_boxes.push_back(read_box(fields, "text_boxes[" + std::to_string(i) + "]", boxes[i]));
  }
  if (fields.has("text_polygons")) record.text_polygons = read_polygons(fields, boxes.size());
  return record;
}

// Image id -> the first of its records.
using Images = std::unordered_map<std::string, Record>;

// Two records may not share an image, or, where an image has several questions, a question; two images may
// not share a file.
class Seen {
 public:
  Seen(const Dataset& dataset, Images& images) : dataset_(dataset), images_(images) {}

  void add(const Record& record, const Fields& fields) {
    const auto [image, is_new] = images_.emplace(record.image_id, record);
    const std::string& owner = files_.emplace(record.file_name, record.image_id).first->second;
    if (owner != record.image_id)
      fields.fail("file_name",
                  "\"" + record.file_name + "\" is also the file of the image \"" + owner + "\"");
    if (!dataset_.several_questions) {
      if (!is_new) fields.fail("image_id", "\"" + record.image_id + "\" stands there twice");
      return;
    }
    if (!record.vqa) fields.fail("vqa", std::string("missing, expected a question of ") + dataset_.name);
    if (!questions_.insert(record.vqa->question_id).second)
      fields.fail("vqa.question_id", "\"" + record.vqa->question_id + "\" stands there twice");
    if (image->second.file_name != record.file_name || image->second.sha256 != record.sha256)
      fields.fail("file_name", "the image \"" + record.image_id + "\" has another file in a line before");
  }

 private:
  const Dataset& dataset_;
  Images& images_;
  std::unordered_set<std::string> questions_;
  std::unordered_map<std::string, std::string> files_;  // name -> image id
};

std::vector<Record> read_split(const std::filesystem::path& file, const std::string& text,
                               const std::string& split, const Dataset& dataset, Images& images) {
  std::vector<Record> records;
  Seen seen(dataset, images);
  visit_lines(file, text, [&](const Fields& fields) {
    records.push_back(read_record(fields, split, dataset));
    seen.add(records.back(), fields);
  });
  return records;
}

// A candidate is a caption of an image of the split, as that image's record has it.
void check_candidate(const Fields& fields, const Candidate& candidate, const Images& images) {
  const auto image = images.find(candidate.image_id);
  if (image == images.end())
    fields.fail("image_id", "\"" + candidate.image_id + "\" is not an image of the split");
  const auto& captions = image->second.captions;
  const auto caption = std::find_if(captions.begin(), captions.end(),
                                    [&](const Caption& c) { return c.id == candidate.caption_id; });
  if (caption == captions.end()) {
    fields.fail("caption_id", std::to_string(candidate.caption_id) + " is not a caption of the image \"" +
                                  candidate.image_id + "\"");
  }
  if (caption->text != candidate.text)
    fields.fail("text", "is not the text of the caption " + std::to_string(candidate.caption_id));
}

Query read_query(const Fields& fields, const Images& images) {
  Query query;
  query.where = fields.where();
  query.image_id = fields.filled_text("image_id");
  const auto image = images.find(query.image_id);
  if (image == images.end())
    fields.fail("image_id", "\"" + query.image_id + "\" is not an image of the split");
  query.file_name = image->second.file_name;
  query.sha256 = image->second.sha256;
  query.positive = fields.integer("positive");
  std::set<std::int64_t> ids;
  for (std::size_t i = 0; i < fields.array("candidates").size(); ++i) {
    const Fields candidate = fields.element("candidates", i);
    query.candidates.push_back(
        {candidate.integer("caption_id"), candidate.filled_text("image_id"), candidate.filled_text("text")});
    const Candidate& read = query.candidates.back();
    check_candidate(candidate, read, images);
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

void check_size(const std::filesystem::path& file, std::int64_t found, std::int64_t told) {
  if (found == told) return;
  throw DataError(file.string() + ": " + std::to_string(found) + " records, but the manifest says " +
                  std::to_string(told));
}

// The other splits are checked as much, and then let go: an image of two splits would be measured where it
// was chosen.
void check_others(const std::filesystem::path& folder, const std::string& split, const Images& images,
                  const Manifest& manifest) {
  std::unordered_map<std::string, std::string> owner, files;  // image id -> split, file name -> split
  for (const auto& [id, record] : images) {
    owner.emplace(id, split);
    files.emplace(record.file_name, split);
  }
  for (const auto& [other, size] : manifest.sizes) {
    if (other == split) continue;
    const std::filesystem::path file = folder / (other + ".jsonl");
    Images of_other;
    const std::vector<Record> records = read_split(file, read_file(file), other, *manifest.dataset, of_other);
    for (const Record& record : records) {
      const auto must_be_own = [&](auto& owners, const char* field, const std::string& value,
                                   const char* what) {
        const std::string& first = owners.emplace(value, record.split).first->second;
        if (first == record.split) return;
        throw DataError(record.where + ": field \"" + field + "\": \"" + value + "\" is also " + what +
                        " of the split " + first);
      };
      must_be_own(owner, "image_id", record.image_id, "an image");
      must_be_own(files, "file_name", record.file_name, "a file");
    }
    check_size(file, static_cast<std::int64_t>(records.size()), size);
    const std::filesystem::path queries = folder / "retrieval" / (other + ".jsonl");
    std::error_code ignored;
    if (std::filesystem::exists(queries, ignored)) read_queries(queries, read_file(queries), of_other);
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
  const auto size = manifest.sizes.find(split);
  if (size == manifest.sizes.end()) {
    throw DataError((folder / "manifest.json").string() + ": field \"sizes\": no split \"" + split +
                    "\" in this benchmark (" + manifest.dataset->name + ")");
  }
  Benchmark benchmark;
  benchmark.folder = folder;
  benchmark.images = manifest.images;
  const std::filesystem::path file = folder / (split + ".jsonl");
  const std::string text = read_file(file);
  Images images;
  benchmark.records = read_split(file, text, split, *manifest.dataset, images);
  check_size(file, static_cast<std::int64_t>(benchmark.records.size()), size->second);
  check_others(folder, split, images, manifest);
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

void require_digest(const Benchmark& benchmark, const std::string& digest, const std::string& result) {
  if (benchmark.digest == digest) return;
  throw DataError(benchmark.folder.string() + ": not the benchmark of " + result + ": its digest is " +
                  benchmark.digest.substr(0, 12) + ", the result was made with " + digest.substr(0, 12));
}

}  // namespace hones::benchmark
