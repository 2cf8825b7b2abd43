#include <algorithm>
#include <numeric>

#include <hones/base/digest.hpp>
#include <hones/base/error.hpp>
#include <hones/task/task.hpp>

#include "fields.hpp"
#include "metrics.hpp"

namespace hones::task {

namespace {

std::size_t count_for(std::int64_t lines, std::size_t all) {
  return lines < 0 ? all : std::min(all, static_cast<std::size_t>(lines));
}

// A field's texts, or a complaint that the record lacks it.
std::vector<std::string> need(const std::string& task, const Field& field, const benchmark::Record& record) {
  std::vector<std::string> texts = field.of_record(record);
  if (texts.empty()) {
    throw DataError(record.where + ": no field '" + std::string(field.name) + "', which the task '" + task +
                    "' needs; leave the task out with --tasks or prepare the benchmark with it");
  }
  return texts;
}

bool matches(const Filter& filter, const std::string& text) {
  return std::any_of(filter.texts.begin(), filter.texts.end(), [&](const std::string& wanted) {
    return filter.contains ? text.find(wanted) != std::string::npos : text == wanted;
  });
}

}  // namespace

// The definition's words looked up once.
struct Task::Parsed {
  Template prompt;
  Template target;
  const Field* item_id = nullptr;
  const Field* references = nullptr;
  std::vector<std::pair<const Field*, Filter>> filters;
  const metric::Named* metric = nullptr;
};

Task::Task(Definition definition, choice::Prompts prompts, const Pictures& pictures)
    : definition_(std::move(definition)), pictures_(pictures) {
  const auto field = [&](const std::string& name) {
    return name.empty() ? nullptr : find_field(name, definition_.over);
  };
  Parsed parsed;
  parsed.prompt = parse_template(
      prompts == choice::Prompts::paper ? definition_.prompt : definition_.release_prompt, definition_.over);
  parsed.target = parse_template(definition_.target, definition_.over);
  parsed.item_id = field(definition_.item_id);
  parsed.references = field(definition_.references);
  for (const Filter& filter : definition_.filters) parsed.filters.emplace_back(field(filter.field), filter);
  parsed.metric = find_metric(definition_.metric, !generates());
  HONES_ASSERT(parsed.metric, definition_.metric);
  parsed_ = std::make_unique<const Parsed>(std::move(parsed));
}

Task::~Task() = default;

std::int64_t Task::counts() const {
  return parsed_->metric->counts ? static_cast<std::int64_t>(parsed_->metric->counts->size) : 0;
}

bool Task::passes(const benchmark::Record& record) const {
  return std::all_of(parsed_->filters.begin(), parsed_->filters.end(), [&](const auto& condition) {
    const Filter& filter = condition.second;
    const std::vector<std::string> texts = condition.first->of_record(record);
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return matches(filter, text); });
  });
}

Item Task::of_record(const benchmark::Record& record) const {
  const auto one = [&](const Field& field) { return need(name(), field, record).front(); };
  Item item;
  item.image_id = record.image_id;
  item.file_name = record.file_name;
  item.picture_sha256 = record.sha256;
  item.where = record.where;
  if (parsed_->item_id) item.item_id = one(*parsed_->item_id);
  item.texts = {expand(parsed_->prompt, one)};
  item.target = expand(parsed_->target, one);
  item.references = need(name(), *parsed_->references, record);
  check_references(*parsed_->metric, item);
  if (!definition_.blue_box.empty()) {
    one(*find_field(definition_.blue_box, Over::records));
    item.box = record.ocr->box;
    item.stroke = pictures_.stroke;
  }
  if (definition_.mask_text && pictures_.text_mask != image::TextMask::none) {
    item.text_mask = pictures_.text_mask;
    item.text_boxes = record.text_boxes;
    item.text_polygons = record.text_polygons;
  }
  return item;
}

Item Task::of_query(const benchmark::Query& query) const {
  Item item;
  item.image_id = query.image_id;
  item.item_id = std::to_string(query.positive);
  item.file_name = query.file_name;
  item.picture_sha256 = query.sha256;
  item.where = query.where;
  item.target = definition_.target;
  item.ties = parsed_->metric->ties;
  for (const benchmark::Candidate& candidate : query.candidates) {
    if (candidate.caption_id == query.positive) item.attributed = item.texts.size();
    item.candidate_ids.push_back(candidate.caption_id);
    item.texts.push_back(expand(
        parsed_->prompt, [&](const Field& field) { return field.of_candidate(query, candidate).front(); }));
  }
  return item;
}

std::vector<Item> Task::items(const benchmark::Benchmark& benchmark, std::int64_t lines) const {
  std::vector<Item> items;
  if (generates()) {
    for (std::size_t i = 0; i < count_for(lines, benchmark.records.size()); ++i) {
      if (passes(benchmark.records[i])) items.push_back(of_record(benchmark.records[i]));
    }
  } else {
    for (std::size_t i = 0; i < count_for(lines, benchmark.queries.size()); ++i)
      items.push_back(of_query(benchmark.queries[i]));
  }
  return items;
}

Score Task::score(const Item& item, const std::string& answer) const {
  if (!generates()) throw InternalError("the task '" + name() + "' generates no answers");
  return score_of(*parsed_->metric, item, answer);
}

std::unique_ptr<Task> make_task(const std::string& name, choice::Prompts prompts, const Pictures& pictures) {
  const Definition* definition = find_task(built_in_tasks(), name);
  if (definition) return std::make_unique<Task>(*definition, prompts, pictures);
  std::string known;
  for (const std::string& other : task_names()) known += (known.empty() ? "" : ", ") + other;
  throw UsageError("task '" + name + "' is not known: expected one of " + known);
}

std::vector<std::string> task_names() {
  return names_of(built_in_tasks());
}

double retrieval_utility(const Item& item, std::span<const double> log_p_yes) {
  std::vector<int> relevance(log_p_yes.size(), 0);
  relevance.at(item.attributed) = 1;
  return metric::ndcg(log_p_yes, relevance, metric::kCutOff, item.ties);
}

bool ranking_differs(std::span<const double> left, std::span<const double> right) {
  const auto order = [](std::span<const double> scores) {
    std::vector<std::size_t> index(scores.size());
    std::iota(index.begin(), index.end(), std::size_t{0});
    std::stable_sort(index.begin(), index.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    return index;
  };
  return order(left) != order(right);
}

namespace {

void check_unchanged(const std::filesystem::path& file, const Item& item) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return;  // decoding says what is there
  if (item.picture_sha256.empty()) {
    throw ChangedPicture(item.where + ": the picture " + file.string() +
                         " was not there when the benchmark was prepared; prepare it again");
  }
  if (sha256_file(file) != item.picture_sha256) {
    throw ChangedPicture(item.where + ": the picture " + file.string() +
                         " is not the one that the benchmark was prepared with (its SHA-256 differs); put "
                         "that one back, or prepare the benchmark again");
  }
}

}  // namespace

image::Image load_picture(const std::filesystem::path& images, const Item& item) {
  check_unchanged(images / item.file_name, item);
  image::Image picture = image::decode_file(images / item.file_name);
  try {
    image::mask_text(picture, item.text_boxes, item.text_polygons, item.text_mask);
    if (item.box) image::draw_blue_box(picture, *item.box, item.stroke);
  } catch (const DataError& error) {
    throw DataError(item.where + ": " + item.file_name + ": " + error.what());
  }
  return picture;
}

}  // namespace hones::task
