#include "score_files.hpp"

#include <sstream>
#include <unordered_map>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/shown.hpp>

#include "fields.hpp"

namespace hones::benchmark {

namespace {

constexpr std::int64_t kMostRelevance = 30;  // gains are 2^relevance

struct Line {
  nlohmann::json object;
  std::string where;
};

std::vector<Line> lines_of(const std::filesystem::path& file) {
  std::istringstream in(read_file(file));
  std::vector<Line> lines;
  std::string text;
  for (std::int64_t number = 1; std::getline(in, text); ++number) {
    const std::string where = file.string() + ":" + std::to_string(number);
    lines.push_back({parse_line(text, where), where});
  }
  if (lines.empty()) throw DataError(file.string() + ": empty: expected one JSON object a line");
  return lines;
}

std::string id_of(const Line& line, const Fields& fields) {
  const auto id = line.object.find("id");
  if (id != line.object.end() && id->is_number()) return std::to_string(fields.integer("id"));
  return fields.filled_text("id");
}

// The element that is being read after those in `before`.
template <typename T>
std::string element_of(const char* field, const std::vector<T>& before) {
  return field + ("[" + std::to_string(before.size()) + "]");
}

std::vector<std::string> texts(const Fields& fields, const char* field) {
  std::vector<std::string> result = fields.texts(field);
  if (result.empty()) fields.fail(field, "empty: expected at least one text");
  return result;
}

std::vector<double> numbers(const Fields& fields, const char* field) {
  std::vector<double> result;
  for (const auto& number : fields.array(field)) {
    if (!number.is_number())
      fields.fail(element_of(field, result), "expected a number, found " + shown(number));
    result.push_back(number.get<double>());
  }
  return result;
}

std::vector<int> relevances(const Fields& fields, const char* field) {
  std::vector<int> result;
  for (const auto& number : fields.array(field)) {
    const bool fits = number.is_number_integer() && number >= 0 && number <= kMostRelevance;
    if (!fits) {
      fields.fail(element_of(field, result), "expected an integer from 0 to " +
                                                 std::to_string(kMostRelevance) + ", found " + shown(number));
    }
    result.push_back(number.get<int>());
  }
  return result;
}

struct Prediction {
  Line line;
  bool used = false;
};
using Predictions = std::unordered_map<std::string, Prediction>;

Predictions predictions_of(const std::filesystem::path& file) {
  Predictions predictions;
  for (Line& line : lines_of(file)) {
    const Fields fields(line.object, line.where);
    const std::string id = id_of(line, fields);
    if (!predictions.try_emplace(id, Prediction{std::move(line)}).second)
      fields.fail("id", "\"" + id + "\" stands there twice");
  }
  return predictions;
}

void read_reference(const Fields& fields, const ScoreFields& names, ScoredPair& pair) {
  if (std::string_view(names.wanted) == "relevance") {
    pair.relevance = relevances(fields, names.wanted);
  } else {
    pair.references = texts(fields, names.wanted);
  }
  pair.question_type = fields.has("question_type") ? fields.text("question_type") : "";
  pair.answer_type = fields.has("answer_type") ? fields.text("answer_type") : "";
  pair.structural = fields.has("structural") ? fields.text("structural") : "";
}

void read_prediction(const Line& line, const ScoreFields& names, ScoredPair& pair) {
  const Fields fields(line.object, line.where);
  if (std::string_view(names.said) == "prediction") {
    pair.prediction = fields.text(names.said);
    return;
  }
  pair.scores = numbers(fields, names.said);
  if (pair.scores.size() != pair.relevance.size()) {
    fields.fail(names.said, std::to_string(pair.scores.size()) + " scores, but " +
                                std::to_string(pair.relevance.size()) + " relevances in " + pair.where);
  }
}

}  // namespace

std::vector<ScoredPair> read_scored(const std::filesystem::path& predictions,
                                    const std::filesystem::path& references, const ScoreFields& names) {
  Predictions said = predictions_of(predictions);
  std::vector<ScoredPair> pairs;
  for (const Line& line : lines_of(references)) {
    const Fields fields(line.object, line.where);
    ScoredPair pair;
    pair.id = id_of(line, fields);
    pair.where = line.where;
    read_reference(fields, names, pair);
    const auto balanced = line.object.find("isBalanced");
    if (balanced != line.object.end()) {
      if (!balanced->is_boolean()) fields.fail("isBalanced", "expected true or false");
      pair.balanced = balanced->get<bool>();
    }
    const auto found = said.find(pair.id);
    if (found == said.end())
      fields.fail("id", "\"" + pair.id + "\" has no prediction in " + predictions.string());
    if (found->second.used) fields.fail("id", "\"" + pair.id + "\" stands there twice");
    found->second.used = true;
    read_prediction(found->second.line, names, pair);
    pairs.push_back(std::move(pair));
  }
  for (const auto& [id, prediction] : said) {
    if (prediction.used) continue;
    throw DataError(prediction.line.where + ": field \"id\": \"" + id + "\" has no reference in " +
                    references.string());
  }
  return pairs;
}

}  // namespace hones::benchmark
