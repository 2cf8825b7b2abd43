#include <algorithm>
#include <unordered_set>

#include <hones/base/error.hpp>

#include "stream.hpp"
#include "transfer_files.hpp"

namespace hones::benchmark {

namespace {

// The train questions come as a folder of chunks.
std::vector<std::filesystem::path> chunks(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (files.empty()) throw DataError("no questions at " + path.string() + ": no .json file in the folder");
  std::sort(files.begin(), files.end());
  return files;
}

Record read_question(const Fields& question, const std::string& id) {
  if (id.empty() || !std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw DataError(question.where() + ": a question's key must be a decimal number");
  Record record;
  record.image_id = question.file_name("imageId");
  record.file_name = record.image_id + ".jpg";
  VqaItem item;
  item.question_id = id;
  item.question = question.filled_text("question");
  item.target = question.filled_text("answer");
  item.answers = {item.target};
  item.question_type =
      question.object("types").word("structural", {"verify", "query", "choose", "logical", "compare"});
  item.answer_type = item.question_type == "query" ? "open" : "binary";
  record.vqa = std::move(item);
  return record;
}

}  // namespace

TransferFile read_gqa(const std::filesystem::path& path) {
  TransferFile read;
  read.inputs = chunks(path);
  std::unordered_set<std::string> ids;
  for (const std::filesystem::path& file : read.inputs) {
    visit_entries(file, [&](const Fields& question, const std::string& id) {
      if (!ids.insert(id).second) throw DataError(question.where() + ": the question stands there twice");
      if (!question.boolean("isBalanced")) {
        ++read.rejected["not_balanced"];
        return;
      }
      read.records.push_back(read_question(question, id));
    });
  }
  return read;
}

}  // namespace hones::benchmark
