#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>
#include <hones/base/rng.hpp>
#include <hones/benchmark/candidates.hpp>
#include <hones/benchmark/clean.hpp>
#include <hones/metric/unicode.hpp>

namespace hones::benchmark {

const char* name(Policy policy) {
  return policy == Policy::first ? "first" : "seeded";
}

namespace {

constexpr std::size_t kReferences = 5;
constexpr std::size_t kAnswers = 10;

// The range [begin, begin + length) cut to 0..size.
struct Range {
  double begin, end;
};
Range clipped(double begin, double length, std::int64_t size) {
  return {std::max(0.0, begin), std::min(static_cast<double>(size), begin + length)};
}

// At least one pixel of the range lies in 0..size-1, pixels taken whole.
bool covers_a_pixel(double begin, double length, std::int64_t size) {
  const double first = std::max(0.0, std::floor(begin));
  const double last = std::min(static_cast<double>(size), std::ceil(begin + length)) - 1;
  return last >= first;
}

bool passes(const TextInstance& instance, const CaptionedImage& image, const std::string& text,
            const Filters& filters) {
  const Range x = clipped(instance.box[0], instance.box[2], image.width),
              y = clipped(instance.box[1], instance.box[3], image.height);
  return std::min(x.end - x.begin, y.end - y.begin) >= filters.min_box_side &&
         static_cast<std::int64_t>(metric::code_points(text).size()) >= filters.min_text_length &&
         (instance.english || !filters.english_only);
}

bool eligible(const TextInstance& instance, const CaptionedImage& image, const Filters& filters) {
  if (!instance.legible || !covers_a_pixel(instance.box[0], instance.box[2], image.width) ||
      !covers_a_pixel(instance.box[1], instance.box[3], image.height))
    return false;
  const std::string text = clean_text(instance.text);
  return !text.empty() && passes(instance, image, text, filters);
}

// `items` are sorted by id and not empty.
template <typename T>
const T& choose(const std::vector<const T*>& items, Policy policy, std::uint64_t seed,
                const std::string& purpose) {
  if (policy == Policy::first) return *items.front();
  const auto key_of = [&](const T* item) {
    return std::pair(key(seed, purpose, std::to_string(item->id)), item->id);
  };
  return **std::min_element(items.begin(), items.end(),
                            [&](const T* a, const T* b) { return key_of(a) < key_of(b); });
}

std::vector<Caption> references(const CaptionedImage& image) {
  std::vector<Caption> chosen;
  for (const Caption& caption : image.captions) {
    if (chosen.size() < kReferences && !clean_text(caption.text).empty()) chosen.push_back(caption);
  }
  return chosen;
}

template <typename T, typename Keep>
std::vector<const T*> select(const std::map<std::int64_t, std::vector<T>>& lists, std::int64_t image,
                             Keep keep) {
  std::vector<const T*> kept;
  const auto found = lists.find(image);
  if (found == lists.end()) return kept;
  for (const T& item : found->second) {
    if (keep(item)) kept.push_back(&item);
  }
  return kept;
}

VqaItem vqa_item(const AnnotatedQuestion& question) {
  return {std::to_string(question.id), question.question,   question.answers, question.target,
          question.question_type,      question.answer_type};
}

using Reason = const char*;

// The record of an image, or the first test of docs/benchmark.md 2.2 that it fails.
std::variant<Record, Reason> record_of(std::int64_t id, const CaptionedImage& image, const Sources& sources,
                                       std::uint64_t seed, Policy vqa, Policy ocr, const Filters& filters) {
  Record record;
  record.captions = references(image);
  if (record.captions.size() < kReferences) return "captions";
  const auto scene = sources.scene_text.find(id);
  if (scene == sources.scene_text.end()) return "not_in_scene_text";
  const auto texts = select(sources.scene_text, id,
                            [&](const TextInstance& text) { return eligible(text, image, filters); });
  if (texts.empty()) return "no_legible_text";
  const auto questions =
      select(sources.questions, id, [](const AnnotatedQuestion& q) { return q.answers.size() == kAnswers; });
  if (questions.empty()) return "no_question";
  record.image_id = std::to_string(id);
  record.file_name = image.file_name;
  record.width = image.width;
  record.height = image.height;
  record.vqa = vqa_item(choose(questions, vqa, seed, "vqa|" + record.image_id));
  const TextInstance& text = choose(texts, ocr, seed, "ocr|" + record.image_id);
  record.ocr = OcrItem{std::to_string(text.id), text.box, clean_text(text.text)};
  for (const TextInstance& instance : scene->second) {
    record.text_boxes.push_back(instance.box);
    record.text_polygons.push_back(instance.polygon);
  }
  const auto unknown = [](const image::Polygon& polygon) { return polygon.empty(); };
  if (std::all_of(record.text_polygons.begin(), record.text_polygons.end(), unknown))
    record.text_polygons.clear();
  return record;
}

}  // namespace

Candidates choose_candidates(const Sources& sources, std::uint64_t seed, Policy vqa, Policy ocr,
                             const Filters& filters) {
  Candidates result;
  for (const auto& [id, image] : sources.images) {
    auto verdict = record_of(id, image, sources, seed, vqa, ocr, filters);
    if (std::holds_alternative<Record>(verdict)) {
      result.records.emplace(id, std::get<Record>(std::move(verdict)));
    } else {
      result.rejected.emplace(id, std::get<Reason>(verdict));
    }
  }
  return result;
}

namespace {

std::vector<std::int64_t> order_by_key(std::vector<std::int64_t> ids, std::uint64_t seed,
                                       const std::string& purpose) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> keyed;
  for (const std::int64_t id : ids) keyed.emplace_back(key(seed, purpose, std::to_string(id)), id);
  std::sort(keyed.begin(), keyed.end());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = keyed[i].second;
  return ids;
}

}  // namespace

std::map<std::string, std::vector<Record>> cut_splits(const Candidates& candidates, std::int64_t discovery,
                                                      std::int64_t dev, std::int64_t test,
                                                      std::uint64_t seed) {
  const std::int64_t total = discovery + dev + test;
  const auto found = static_cast<std::int64_t>(candidates.records.size());
  if (found < total) {
    throw DataError("too few images: " + grouped(found) + " pass all tests of " +
                    grouped(found + static_cast<std::int64_t>(candidates.rejected.size())) + ", but " +
                    grouped(total) + " are asked for; ask for smaller splits (--discovery, --dev, --test)");
  }
  std::vector<std::int64_t> ids;
  for (const auto& entry : candidates.records) ids.push_back(entry.first);
  ids = order_by_key(std::move(ids), seed, "image");
  ids.resize(static_cast<std::size_t>(total));
  ids = order_by_key(std::move(ids), seed, "split");
  std::map<std::string, std::vector<Record>> splits;
  auto next = ids.begin();
  for (const auto& [split, size] :
       {std::pair("discovery", discovery), std::pair("dev", dev), std::pair("test", test)}) {
    std::vector<Record>& records = splits[split];
    for (std::int64_t i = 0; i < size; ++i) {
      records.push_back(candidates.records.at(*next++));
      records.back().split = split;
    }
  }
  return splits;
}

}  // namespace hones::benchmark
