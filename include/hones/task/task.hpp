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

#include <hones/benchmark/records.hpp>
#include <hones/image/image.hpp>
#include <hones/metric/metric.hpp>
#include <hones/text/prompt.hpp>

namespace hones::task {

// One instance of a task: a picture, what is asked of it, and what counts as right.
struct Item {
  std::string image_id;
  std::string item_id;  // question id, annotation id; empty for captions; positive caption id for retrieval
  std::string file_name;
  std::optional<image::Box> box;                      // drawn in blue before anything else (OCR)
  image::Stroke stroke = image::Stroke::centred;      // of the box
  image::TextMask text_mask = image::TextMask::none;  // captions: scene text painted over
  std::vector<image::Box> text_boxes;                 // filled where text_mask is not none
  std::vector<image::Polygon> text_polygons;          // likewise
  std::vector<std::string> texts;           // the user's words: one, or one per candidate in the order shown
  std::vector<std::int64_t> candidate_ids;  // retrieval: caption ids, as texts
  std::size_t attributed = 0;  // which of `texts` the contributions are computed on (retrieval: the positive)
  std::string target;          // fixed-set target text; empty for open-ended tasks
  std::vector<std::string> references;  // answers, the word, captions; what the metric compares with
  std::string where;                    // FILE:LINE of its record
};

struct Score {
  double utility = 0;
  std::optional<metric::BleuCounts> bleu;  // captions
};

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  virtual std::string metric() const = 0;  // NAME:VARIANT of docs/outputs.md
  virtual bool generates() const { return true; }
  virtual bool open_ended() const { return false; }
  // The task's instances in benchmark order, at most `limit` (-1: all). Throws DataError when a record lacks
  // what the task needs.
  virtual std::vector<Item> items(const benchmark::Benchmark& benchmark, std::int64_t limit) const = 0;
  // Utility of an answer (generating tasks only).
  virtual Score score(const Item& item, const std::string& answer) const;
};

// What is done to pictures before the model sees them (docs/benchmark.md 2.6, 2.7).
struct Pictures {
  image::Stroke stroke = image::Stroke::centred;      // of every blue box
  image::TextMask text_mask = image::TextMask::none;  // the caption control: captions alone
};

// `prompts` is "paper" or "release" (docs/method.md section 1). Throws UsageError naming the known tasks.
std::unique_ptr<Task> make_task(const std::string& name, const std::string& prompts,
                                const Pictures& pictures = {});
const std::vector<std::string>& task_names();
text::ChatTemplate chat_for(const std::string& prompts);

// NDCG@5 of the candidates' log P(Yes), ties averaged.
double retrieval_utility(const Item& item, std::span<const double> log_p_yes);
// Whether two score lists order the candidates differently (ties broken by index in both).
bool ranking_differs(std::span<const double> left, std::span<const double> right);

// The picture as the model sees it: decoded, with the item's box drawn, scene text painted over where asked.
// Throws DataError (unreadable, box outside).
image::Image load_picture(const std::filesystem::path& images, const Item& item);

}  // namespace hones::task
