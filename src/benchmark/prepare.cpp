#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/number.hpp>
#include <hones/benchmark/candidates.hpp>
#include <hones/benchmark/official.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/records.hpp>

#include "folder.hpp"
#include "manifest.hpp"
#include "pictures.hpp"
#include "pools.hpp"

namespace hones::benchmark {

namespace {

constexpr const char* kCaptions = "captions_train2014.json";
constexpr const char* kSceneText = "cocotext.v2.json";
constexpr const char* kSceneTextV1 = "COCO_Text.json";
constexpr const char* kQuestions = "v2_OpenEnded_mscoco_train2014_questions.json";
constexpr const char* kAnnotations = "v2_mscoco_train2014_annotations.json";

using Json = nlohmann::ordered_json;

// Ranges are the caller's to check: src/app/settings describes them.
void check_sizes(const PrepareOptions& options) {
  for (const std::int64_t size : {options.discovery, options.dev, options.test})
    HONES_ASSERT(size >= 0, "size=" + std::to_string(size));
  HONES_ASSERT(options.discovery + options.dev + options.test > 0, "no images");
  HONES_ASSERT(options.queries >= -1 && options.queries <= options.discovery,
               "queries=" + std::to_string(options.queries));
  HONES_ASSERT(options.seed <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()),
               "seed=" + std::to_string(options.seed));
}

void check_places(const PrepareOptions& options) {
  for (const std::filesystem::path& file :
       {options.captions, options.scene_text, options.questions, options.annotations})
    check_readable(file);
  check_folders(options.images, options.out, options.overwrite);
}

// docs/benchmark.md 1.1
std::string train2014_name(std::int64_t image_id) {
  constexpr std::size_t kDigits = 12;
  const std::string digits = std::to_string(image_id);
  return "COCO_train2014_" + std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits + ".jpg";
}

// The names tell where captions are of other pictures than the questions: their ids mean others there.
void check_names(const std::map<std::int64_t, CaptionedImage>& images,
                 const std::function<void(const std::string&)>& say) {
  std::int64_t others = 0;
  std::string first;
  for (const auto& [id, image] : images) {
    if (image.file_name != train2014_name(id) && others++ == 0)
      first = image.file_name + ", not " + train2014_name(id);
  }
  if (others == 0) return;
  say("WARNING: " + grouped(others) + " of " + grouped(static_cast<std::int64_t>(images.size())) +
      " pictures are not named as train2014 names them, the first is " + first);
}

Sources read_sources(const PrepareOptions& options, const std::function<void(const std::string&)>& say) {
  Sources sources;
  say("reading " + options.captions.string());
  sources.images = read_captions(options.captions);
  check_names(sources.images, say);
  say("reading " + options.scene_text.string());
  sources.scene_text = read_scene_text(options.scene_text);
  say("reading " + options.questions.string() + " and " + options.annotations.string());
  sources.questions = read_questions(options.questions, options.annotations);
  return sources;
}

// Only the filters in use.
Json filters_json(const Filters& filters) {
  Json json = Json::object();
  if (filters.min_box_side > 0) json["min_box_side"] = filters.min_box_side;
  if (filters.min_text_length > 0) json["min_text_length"] = filters.min_text_length;
  if (filters.english_only) json["english_only"] = true;
  return json;
}

Json manifest_json(const PrepareOptions& options, const PrepareReport& report, const Json& retrieval) {
  Json rejected = Json::object();
  for (const auto& [reason, images] : report.rejected) rejected[reason] = images;
  return {{"schema_version", kSchemaVersion},
          {"dataset", "coco"},
          {"seed", options.seed},
          {"images", images_entry(options.images, options.out)},
          {"sizes", {{"discovery", options.discovery}, {"dev", options.dev}, {"test", options.test}}},
          {"policies",
           {{"vqa", name(options.vqa_policy)},
            {"ocr", name(options.ocr_policy)},
            {"captions", "first"},
            {"positive", "seeded"}}},
          {"filters", filters_json(options.filters)},
          {"retrieval", retrieval},
          {"inputs",
           {{"captions", input_json(options.captions)},
            {"scene_text", input_json(options.scene_text)},
            {"questions", input_json(options.questions)},
            {"annotations", input_json(options.annotations)}}},
          {"candidates", report.candidates},
          {"rejected", rejected},
          {"missing_pictures", report.missing_pictures},
          {"chosen", report.chosen}};
}

PrepareReport report_of(const Candidates& candidates, const PrepareOptions& options) {
  PrepareReport report;
  report.candidates = static_cast<std::int64_t>(candidates.records.size());
  for (const auto& entry : candidates.rejected) ++report.rejected[entry.second];
  report.chosen = options.discovery + options.dev + options.test;
  return report;
}

}  // namespace

void find_sources(const std::filesystem::path& source, PrepareOptions& options) {
  const std::string reason = why_no_folder(source);
  if (!reason.empty()) throw DataError("no official files at " + source.string() + ": " + reason);
  const auto is_there = [&](const char* name) {
    std::error_code ignored;
    return std::filesystem::exists(source / name, ignored);
  };
  const auto find = [&](const char* name) {
    if (!is_there(name)) throw DataError(source.string() + " lacks " + name);
    return source / name;
  };
  options.captions = find(kCaptions);
  options.scene_text =
      is_there(kSceneTextV1) && !is_there(kSceneText) ? source / kSceneTextV1 : find(kSceneText);
  options.questions = find(kQuestions);
  options.annotations = find(kAnnotations);
  if (options.images.empty()) options.images = find("images");
}

PrepareReport prepare(const PrepareOptions& options) {
  const auto say = [&](const std::string& line) {
    if (options.progress) options.progress(line);
  };
  check_sizes(options);
  check_places(options);
  const Asking asking(options.negatives, options.seed, options.progress);
  const Candidates candidates = choose_candidates(read_sources(options, say), options.seed,
                                                  options.vqa_policy, options.ocr_policy, options.filters);
  PrepareReport report = report_of(candidates, options);
  say(grouped(report.candidates) + " images pass all tests, " + grouped(report.chosen) + " are taken");
  Parts parts;
  parts.records = cut_splits(candidates, options.discovery, options.dev, options.test, options.seed);

  const std::int64_t queries = options.queries < 0 ? default_queries(options.discovery) : options.queries;
  parts.queries["discovery"] = asking.disjoint(parts.records.at("discovery"), queries);
  for (const char* split : {"dev", "test"}) {
    const std::vector<Record>& records = parts.records.at(split);
    parts.queries[split] =
        options.disjoint_pools
            ? asking.disjoint(records, default_queries(static_cast<std::int64_t>(records.size())))
            : asking.all(records);
  }

  std::vector<Record*> chosen;
  for (auto& entry : parts.records) {
    for (Record& record : entry.second) chosen.push_back(&record);
  }
  report.missing_pictures = note_pictures(options.images, chosen, say);

  Json retrieval = asking.manifest();
  retrieval["discovery_queries"] = queries;
  retrieval["dev_and_test"] = options.disjoint_pools ? "disjoint_pools" : "every_image_asks";
  say("writing " + options.out.string());
  write_folder(options.out, parts, manifest_json(options, report, retrieval));
  return report;
}

}  // namespace hones::benchmark
