#include "fields.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/shown.hpp>
#include <hones/base/unique_names.hpp>

namespace hones::benchmark {

Fields::Fields(const nlohmann::json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) throw DataError(where_ + ": expected an object, found " + shown(object));
}

void Fields::fail(const std::string& field, const std::string& complaint) const {
  throw DataError(where_ + ": field \"" + prefix_ + field + "\": " + complaint);
}

const nlohmann::json& Fields::get(const char* field, const char* expected) const {
  const auto found = object_.find(field);
  if (found == object_.end()) fail(field, std::string("missing, expected ") + expected);
  return *found;
}

bool Fields::has(const char* field) const {
  const auto found = object_.find(field);
  return found != object_.end() && !found->is_null();
}

bool Fields::names(const char* field) const {
  return object_.contains(field);
}

bool Fields::is_null(const char* field) const {
  return get(field, "a value or null").is_null();
}

std::int64_t Fields::integer_of(const std::string& field, const nlohmann::json& value) const {
  const bool fits =
      !value.is_number_unsigned() ||
      value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_integer() || !fits) fail(field, "expected an integer, found " + shown(value));
  return value.get<std::int64_t>();
}

std::int64_t Fields::integer(const char* field) const {
  return integer_of(field, get(field, "an integer"));
}

std::vector<std::int64_t> Fields::integers(const char* field) const {
  std::vector<std::int64_t> integers;
  for (const nlohmann::json& value : array(field))
    integers.push_back(integer_of(field + ("[" + std::to_string(integers.size()) + "]"), value));
  return integers;
}

bool Fields::boolean(const char* field) const {
  const nlohmann::json& value = get(field, "true or false");
  if (!value.is_boolean()) fail(field, "expected true or false, found " + shown(value));
  return value.get<bool>();
}

std::int64_t Fields::integer_at_least(const char* field, std::int64_t least) const {
  const std::int64_t value = integer(field);
  if (value < least)
    fail(field,
         "expected an integer of at least " + std::to_string(least) + ", found " + std::to_string(value));
  return value;
}

const std::string& Fields::text(const char* field) const {
  const nlohmann::json& value = get(field, "a string");
  if (!value.is_string()) fail(field, "expected a string, found " + shown(value));
  return value.get_ref<const std::string&>();
}

const std::string& Fields::filled_text(const char* field) const {
  const std::string& value = text(field);
  if (value.empty()) fail(field, "must not be empty");
  return value;
}

const std::string& Fields::word(const char* field, const std::vector<std::string>& known) const {
  const std::string& value = text(field);
  if (std::find(known.begin(), known.end(), value) != known.end()) return value;
  std::string expected;
  for (std::size_t i = 0; i < known.size(); ++i)
    expected += (i == 0 ? "" : i + 1 == known.size() ? " or " : ", ") + known[i];
  fail(field, "expected " + expected + ", found " + shown(get(field, "a string")));
}

const std::string& Fields::file_name(const char* field) const {
  const std::string& value = filled_text(field);
  const std::string astray = why_astray(value);
  if (!astray.empty()) fail(field, astray);
  return value;
}

std::string Fields::text_or(const char* field, const char* otherwise) const {
  return object_.contains(field) ? text(field) : otherwise;
}

const nlohmann::json& Fields::array(const char* field) const {
  const nlohmann::json& value = get(field, "an array");
  if (!value.is_array()) fail(field, "expected an array, found " + shown(value));
  return value;
}

std::vector<std::string> Fields::texts(const char* field) const {
  std::vector<std::string> texts;
  for (const nlohmann::json& value : array(field)) {
    if (!value.is_string())
      fail(field + ("[" + std::to_string(texts.size()) + "]"), "expected a string, found " + shown(value));
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

image::Box Fields::box(const char* field) const {
  return read_box(*this, field, get(field, "four numbers"));
}

image::Polygon Fields::polygon(const char* field) const {
  return read_polygon(*this, field, get(field, "an array of numbers"));
}

Fields Fields::object(const char* field) const {
  const nlohmann::json& value = get(field, "an object");
  if (!value.is_object()) fail(field, "expected an object, found " + shown(value));
  Fields inner(value, where_);
  inner.prefix_ = prefix_ + field + ".";
  return inner;
}

Fields Fields::element(const char* field, std::size_t i) const {
  const nlohmann::json& value = array(field).at(i);
  const std::string name = std::string(field) + "[" + std::to_string(i) + "]";
  if (!value.is_object()) fail(name, "expected an object, found " + shown(value));
  Fields inner(value, where_);
  inner.prefix_ = prefix_ + name + ".";
  return inner;
}

nlohmann::json parse_line(std::string_view line, const std::string& where) {
  try {
    return parse_with_unique_names<nlohmann::json>(line, [&](const std::string& field) {
      throw DataError(where + ": field \"" + field + "\": stands there twice");
    });
  } catch (const nlohmann::json::exception& error) {
    throw DataError(where + ": not JSON: " + without_label(error.what()));
  }
}

std::string why_astray(const std::string& file_name) {
  const std::filesystem::path path(file_name);
  const bool up =
      std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".." || part == "."; });
  if (!path.is_absolute() && !up && file_name.find('\0') == std::string::npos) return "";
  return "expected the name of a file in the folder of pictures, found " + shown(nlohmann::json(file_name));
}

image::Polygon read_polygon(const Fields& fields, const std::string& field, const nlohmann::json& value) {
  const auto finite = [](const nlohmann::json& number) {
    return number.is_number() && std::isfinite(number.get<double>());
  };
  const bool good = value.is_array() && value.size() % 2 == 0 && (value.empty() || value.size() >= 6) &&
                    std::all_of(value.begin(), value.end(), finite);
  if (!good) {
    fields.fail(field,
                "expected the corners x1, y1, x2, y2, ... of a polygon, three at least, or none; found " +
                    shown(value));
  }
  image::Polygon polygon;
  for (std::size_t i = 0; i < value.size(); i += 2)
    polygon.push_back({value[i].get<double>(), value[i + 1].get<double>()});
  return polygon;
}

image::Box read_box(const Fields& fields, const std::string& field, const nlohmann::json& value) {
  image::Box box{};
  bool good = value.is_array() && value.size() == box.size();
  for (std::size_t i = 0; good && i < box.size(); ++i) {
    good = value[i].is_number() && std::isfinite(value[i].get<double>());
    if (good) box[i] = value[i].get<double>();
  }
  if (!good) fields.fail(field, "expected four numbers (x, y, width, height), found " + shown(value));
  if (box[2] < 0 || box[3] < 0)
    fields.fail(field, "expected a width and a height of at least 0, found " + shown(value));
  return box;
}

}  // namespace hones::benchmark
