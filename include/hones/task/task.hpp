// A task = prompt + target + metric over the unified benchmark (docs/method.md section 1). No tensors, no
// ranks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/choice/choices.hpp>
#include <hones/image/image.hpp>
#include <hones/metric/metric.hpp>
#include <hones/task/definition.hpp>

namespace hones::task {

// One instance of a task: a picture, what is asked of it, and what counts as right.
struct Item {
  std::string image_id;
  std::string item_id;  // question id, annotation id; empty for captions; positive caption id for retrieval
  std::string file_name;
  std::string picture_sha256;     // as the benchmark notes it; empty: the picture was not there then
  std::optional<image::Box> box;  // drawn in blue before anything else (OCR)
  image::Stroke stroke = image::Stroke::centred;      // of the box
  image::TextMask text_mask = image::TextMask::none;  // captions: scene text painted over
  std::vector<image::Box> text_boxes;                 // filled where text_mask is not none
  std::vector<image::Polygon> text_polygons;          // likewise
  std::vector<std::string> texts;           // the user's words: one, or one per candidate in the order shown
  std::vector<std::int64_t> candidate_ids;  // retrieval: caption ids, as texts
  std::size_t attributed = 0;  // which of `texts` the contributions are computed on (retrieval: the positive)
  metric::TieRule ties = metric::TieRule::tie_average;  // of candidates with equal scores (retrieval)
  std::string target;                                   // fixed-set target text; empty for open-ended tasks
  std::vector<std::string> references;  // answers, the word, captions; what the metric compares with
  std::string where;                    // FILE:LINE of its record
};

struct Score {
  double utility = 0;
  std::vector<std::int64_t> counts;  // Task::counts() of them
};

// What is done to pictures before the model sees them (docs/benchmark.md 2.6, 2.7).
struct Pictures {
  image::Stroke stroke = image::Stroke::centred;      // of every blue box
  image::TextMask text_mask = image::TextMask::none;  // the caption control: tasks that say mask_text alone
};

// A definition at work on the benchmark's records.
class Task {
 public:
  Task(Definition definition, choice::Prompts prompts, const Pictures& pictures = {});
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  const Definition& definition() const { return definition_; }
  const std::string& name() const { return definition_.name; }
  const std::string& metric() const { return definition_.metric; }  // NAME:VARIANT of docs/outputs.md
  bool generates() const { return definition_.over == Over::records; }
  bool open_ended() const { return definition_.target_rule == TargetRule::open; }
  std::int64_t counts() const;  // how many the metric keeps of an answer beside its value (metric::Counts)
  // The task's own limit of an answer, or else `otherwise`.
  std::int64_t answer_limit(std::int64_t otherwise) const {
    return definition_.max_new_tokens.value_or(otherwise);
  }
  // Instances in benchmark order out of the first `lines` records or queries (-1: all): those that pass the
  // task's filters. Throws DataError when a record lacks what the task needs.
  std::vector<Item> items(const benchmark::Benchmark& benchmark, std::int64_t lines) const;
  // Utility of an answer (generating tasks only).
  Score score(const Item& item, const std::string& answer) const;

 private:
  struct Parsed;
  bool passes(const benchmark::Record& record) const;
  Item of_record(const benchmark::Record& record) const;
  Item of_query(const benchmark::Query& query) const;

  Definition definition_;
  Pictures pictures_;
  std::unique_ptr<const Parsed> parsed_;
};

// A built-in task. Throws UsageError naming those that are.
std::unique_ptr<Task> make_task(const std::string& name, choice::Prompts prompts,
                                const Pictures& pictures = {});
std::vector<std::string> task_names();  // of the built-in tasks

// NDCG@5 of the candidates' log P(Yes), ties by item.ties.
double retrieval_utility(const Item& item, std::span<const double> log_p_yes);
// Whether two score lists order the candidates differently (ties broken by index in both).
bool ranking_differs(std::span<const double> left, std::span<const double> right);

// The picture's file is not the one that the benchmark was prepared with: the result's digest would tell
// another benchmark than the one measured. Not a DataError, because no instance is excluded for it: the run
// ends.
class ChangedPicture : public Error {
 public:
  explicit ChangedPicture(const std::string& line) : Error(ExitCode::bad_data, line) {}
};

// The picture as the model sees it: its file checked against the benchmark's digest, decoded, with the item's
// box drawn, scene text painted over where asked. Throws DataError (unreadable, box outside) and
// ChangedPicture.
image::Image load_picture(const std::filesystem::path& images, const Item& item);

}  // namespace hones::task
