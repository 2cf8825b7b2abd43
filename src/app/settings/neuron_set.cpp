#include "app/settings/neuron_set.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

namespace hones::settings {

namespace {

std::vector<std::string> fields_of(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
  return fields;
}

std::size_t column_of(const std::vector<std::string>& header, const std::string& name,
                      const std::string& file) {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) throw DataError(file + ":1: no column " + name + ": expected columns layer,neuron");
  return static_cast<std::size_t>(at - header.begin());
}

std::int64_t index_in(const std::vector<std::string>& fields, std::size_t column, const std::string& where) {
  std::int64_t index = -1;
  const std::string field = column < fields.size() ? fields[column] : "";
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, index);
  if (result.ec != std::errc() || result.ptr != end || index < 0) {
    throw DataError(where + ": \"" + field + "\": expected an index, counted from 0");
  }
  return index;
}

}  // namespace

std::vector<std::pair<std::int64_t, std::int64_t>> read_neuron_set(const std::filesystem::path& file) {
  std::istringstream in(read_file(file));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = fields_of(line);
  const std::size_t layer = column_of(header, "layer", file.string());
  const std::size_t neuron = column_of(header, "neuron", file.string());
  std::vector<std::pair<std::int64_t, std::int64_t>> set;
  for (std::int64_t number = 2; std::getline(in, line); ++number) {
    if (line.empty() || line == "\r") continue;
    const std::string where = file.string() + ":" + std::to_string(number);
    const std::vector<std::string> fields = fields_of(line);
    set.emplace_back(index_in(fields, layer, where), index_in(fields, neuron, where));
  }
  return set;
}

}  // namespace hones::settings
