#include <algorithm>
#include <numeric>

#include <hones/base/error.hpp>
#include <hones/task/task.hpp>

namespace hones::task {

namespace {

std::string fill(std::string text, const std::string& placeholder, const std::string& value) {
  const std::size_t at = text.find(placeholder);
  return text.replace(at, placeholder.size(), value);
}

std::size_t count_for(std::int64_t limit, std::size_t all) {
  return limit < 0 ? all : std::min(all, static_cast<std::size_t>(limit));
}

// Tasks whose instances are the split's records.
class RecordTask : public Task {
 public:
  std::vector<Item> items(const benchmark::Benchmark& benchmark, std::int64_t limit) const override {
    std::vector<Item> items;
    for (std::size_t i = 0; i < count_for(limit, benchmark.records.size()); ++i) {
      const benchmark::Record& record = benchmark.records[i];
      Item item;
      item.image_id = record.image_id;
      item.file_name = record.file_name;
      item.where = record.where;
      describe(record, item);
      items.push_back(std::move(item));
    }
    return items;
  }

 protected:
  virtual void describe(const benchmark::Record& record, Item& item) const = 0;

  template <typename T>
  const T& need(const std::optional<T>& field, const benchmark::Record& record) const {
    if (!field)
      throw DataError(record.where + ": no field '" + name() + "', which the task '" + name() +
                      "' needs; leave the task out with --tasks or prepare the benchmark with it");
    return *field;
  }
};

class Vqa : public RecordTask {
 public:
  explicit Vqa(bool paper)
      : text_(paper ? "Question: {Question} Answer the question briefly using one or a few words."
                    : "Question: {Question}\nAnswer the question with a short phrase.") {}
  std::string name() const override { return "vqa"; }
  std::string metric() const override { return "vqa_accuracy:normalize_always"; }
  Score score(const Item& item, const std::string& answer) const override {
    return {metric::vqa_accuracy(answer, item.references), {}};
  }

 protected:
  void describe(const benchmark::Record& record, Item& item) const override {
    const benchmark::VqaItem& vqa = need(record.vqa, record);
    item.item_id = vqa.question_id;
    item.texts = {fill(text_, "{Question}", vqa.question)};
    item.target = vqa.target;
    item.references = vqa.answers;
  }

 private:
  std::string text_;
};

class Ocr : public RecordTask {
 public:
  Ocr(bool paper, image::Stroke stroke)
      : stroke_(stroke),
        text_(paper ? "Please transcribe the text inside the blue box. Output text only."
                    : "Transcribe the text inside the blue box.\nOutput text only.") {}
  std::string name() const override { return "ocr"; }
  std::string metric() const override { return "anls:rrc"; }
  Score score(const Item& item, const std::string& answer) const override {
    return {metric::anls(answer, item.references), {}};
  }

 protected:
  void describe(const benchmark::Record& record, Item& item) const override {
    const benchmark::OcrItem& ocr = need(record.ocr, record);
    item.item_id = ocr.ann_id;
    item.box = ocr.box;
    item.stroke = stroke_;
    item.texts = {text_};
    item.target = ocr.text;
    item.references = {ocr.text};
  }

 private:
  image::Stroke stroke_;
  std::string text_;
};

class CaptionTask : public RecordTask {
 public:
  explicit CaptionTask(image::TextMask text_mask) : text_mask_(text_mask) {}
  std::string name() const override { return "caption"; }
  std::string metric() const override { return "bleu4:sentence:blanks"; }
  bool open_ended() const override { return true; }
  Score score(const Item& item, const std::string& answer) const override {
    std::vector<std::string> references;
    for (const std::string& reference : item.references)
      references.push_back(metric::tokenize_at_blanks(reference));
    const metric::BleuCounts counts = metric::bleu_counts(metric::tokenize_at_blanks(answer), references);
    return {metric::bleu(counts)[3], counts};
  }

 protected:
  void describe(const benchmark::Record& record, Item& item) const override {
    if (record.captions.empty())
      throw DataError(record.where + ": no captions, which the task 'caption' needs");
    item.texts = {"Describe the image in one sentence."};
    for (const benchmark::Caption& caption : record.captions) item.references.push_back(caption.text);
    if (text_mask_ == image::TextMask::none) return;
    item.text_mask = text_mask_;
    item.text_boxes = record.text_boxes;
    item.text_polygons = record.text_polygons;
  }

 private:
  image::TextMask text_mask_;
};

class Retrieval : public Task {
 public:
  explicit Retrieval(bool paper)
      : text_(paper ? "Candidate: {CandidateText} Does the candidate correctly describe the image? Answer "
                      "exactly Yes or No."
                    : "Candidate: {CandidateText}\nDoes the candidate correctly describe the image?\nAnswer "
                      "exactly Yes or No.") {}
  std::string name() const override { return "retrieval"; }
  std::string metric() const override { return "ndcg5:tie_average"; }
  bool generates() const override { return false; }

  std::vector<Item> items(const benchmark::Benchmark& benchmark, std::int64_t limit) const override {
    std::vector<Item> items;
    for (std::size_t i = 0; i < count_for(limit, benchmark.queries.size()); ++i) {
      const benchmark::Query& query = benchmark.queries[i];
      Item item;
      item.image_id = query.image_id;
      item.item_id = std::to_string(query.positive);
      item.file_name = query.file_name;
      item.where = query.where;
      item.target = "Yes";
      for (const benchmark::Candidate& candidate : query.candidates) {
        if (candidate.caption_id == query.positive) item.attributed = item.texts.size();
        item.candidate_ids.push_back(candidate.caption_id);
        item.texts.push_back(fill(text_, "{CandidateText}", candidate.text));
      }
      items.push_back(std::move(item));
    }
    return items;
  }

 private:
  std::string text_;
};

}  // namespace

Score Task::score(const Item&, const std::string&) const {
  throw InternalError("the task '" + name() + "' generates no answers");
}

const std::vector<std::string>& task_names() {
  static const std::vector<std::string> names{"vqa", "ocr", "caption", "retrieval"};
  return names;
}

std::unique_ptr<Task> make_task(const std::string& name, const std::string& prompts,
                                const Pictures& pictures) {
  if (prompts != "paper" && prompts != "release")
    throw UsageError("prompts '" + prompts + "' is not known: expected paper or release");
  const bool paper = prompts == "paper";
  if (name == "vqa") return std::make_unique<Vqa>(paper);
  if (name == "ocr") return std::make_unique<Ocr>(paper, pictures.stroke);
  if (name == "caption") return std::make_unique<CaptionTask>(pictures.text_mask);
  if (name == "retrieval") return std::make_unique<Retrieval>(paper);
  throw UsageError("task '" + name + "' is not known: expected vqa, ocr, caption or retrieval");
}

text::ChatTemplate chat_for(const std::string& prompts) {
  return prompts == "release" ? text::llava_release_chat() : text::llava_chat();
}

double retrieval_utility(const Item& item, std::span<const double> log_p_yes) {
  std::vector<int> relevance(log_p_yes.size(), 0);
  relevance.at(item.attributed) = 1;
  return metric::ndcg(log_p_yes, relevance);
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

image::Image load_picture(const std::filesystem::path& images, const Item& item) {
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
