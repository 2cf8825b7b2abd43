#include "app/neuron_set.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/store/index_pairs.hpp>

#include "app/settings/number.hpp"

namespace hones::app {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin));
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) fields.push_back(trimmed(field));
  return fields;
}

std::size_t column_of(const std::vector<std::string>& header, const std::string& name,
                      const std::string& file) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) throw DataError(file + ":1: no column " + name + ": expected columns layer,neuron");
  return static_cast<std::size_t>(at - header.begin());
}

std::int64_t index_in(const std::vector<std::string>& fields, std::size_t column, const std::string& where) {
  const std::string field = column < fields.size() ? fields[column] : "";
  const auto index = settings::number_from<std::int64_t>(field);
  if (!index || *index < 0) throw DataError(where + ": \"" + field + "\": expected an index, counted from 0");
  return *index;
}

NeuronSet read_csv(const std::string& file) {
  std::string text = read_file(file);
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = fields_of(line);
  const std::size_t layer = column_of(header, "layer", file);
  const std::size_t neuron = column_of(header, "neuron", file);
  NeuronSet set;
  for (std::int64_t number = 2; std::getline(in, line); ++number) {
    if (trimmed(line).empty()) continue;
    const std::string where = file + ":" + std::to_string(number);
    const std::vector<std::string> fields = fields_of(line);
    set.emplace_back(index_in(fields, layer, where), index_in(fields, neuron, where));
  }
  return set;
}

// "FILE.h5:/path": the file and the dataset in it; no dataset for anything else.
std::pair<std::string, std::string> file_and_dataset(const std::string& where) {
  constexpr std::string_view kBetween = ".h5:/";
  const std::size_t at = where.find(kBetween);
  if (at == std::string::npos) return {where, ""};
  return {where.substr(0, at + 3), where.substr(at + 4)};
}

}  // namespace

NeuronSet read_neuron_set(const std::string& where) {
  const auto [file, dataset] = file_and_dataset(where);
  if (dataset.empty() && file.ends_with(".h5")) {
    throw UsageError(file + ": expected a dataset after it, as in " + file + ":/tasks/vqa/neurons/top");
  }
  NeuronSet set = dataset.empty() ? read_csv(file) : store::read_index_pairs(file, dataset);
  if (set.empty()) throw DataError(where + ": holds no neuron: expected at least one");
  return set;
}

}  // namespace hones::app
