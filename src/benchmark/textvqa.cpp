#include <algorithm>
#include <unordered_set>

#include "stream.hpp"
#include "transfer_files.hpp"

namespace hones::benchmark {

namespace {

constexpr std::size_t kAnswers = 10;

// Of equally frequent answers the first.
const std::string& most_frequent(const std::vector<std::string>& answers) {
  const auto times = [&](const std::string& answer) {
    return std::count(answers.begin(), answers.end(), answer);
  };
  return *std::max_element(answers.begin(), answers.end(),
                           [&](const std::string& a, const std::string& b) { return times(a) < times(b); });
}

Record read_item(const Fields& item) {
  Record record;
  record.image_id = item.file_name("image_id");
  record.file_name = record.image_id + ".jpg";
  record.width = item.integer_at_least("image_width", 1);
  record.height = item.integer_at_least("image_height", 1);
  VqaItem vqa;
  vqa.question_id = std::to_string(item.integer("question_id"));
  vqa.question = item.filled_text("question");
  if (!item.has("answers")) {
    item.fail("answers", "missing, expected 10 strings; the test file has none, the val file has them");
  }
  vqa.answers = item.texts("answers");
  if (vqa.answers.size() != kAnswers)
    item.fail("answers", "expected 10 answers, found " + std::to_string(vqa.answers.size()));
  vqa.target = most_frequent(vqa.answers);
  record.vqa = std::move(vqa);
  return record;
}

}  // namespace

TransferFile read_textvqa(const std::filesystem::path& file) {
  TransferFile read;
  read.inputs = {file};
  std::unordered_set<std::string> ids;
  const auto add_item = [&](const Fields& item, const std::string&) {
    read.records.push_back(read_item(item));
    const std::string& id = read.records.back().vqa->question_id;
    if (!ids.insert(id).second) item.fail("question_id", id + " stands there twice");
  };
  visit_sections(file, {{"data", in_array(add_item)}});
  return read;
}

}  // namespace hones::benchmark
