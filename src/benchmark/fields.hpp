// Reading one JSON record of somebody else's file: every complaint names file, record and field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <hones/image/image.hpp>

namespace hones::benchmark {

// "FILE: annotations[17]" or "FILE:LINE" and an object there. Keeps a reference to the object only.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string where);

  std::int64_t integer(const char* field) const;
  std::int64_t integer_at_least(const char* field, std::int64_t least) const;
  const std::string& text(const char* field) const;
  const std::string& filled_text(const char* field) const;                                  // not empty
  const std::string& word(const char* field, const std::vector<std::string>& known) const;  // one of those
  const std::string& file_name(const char* field) const;  // of a file in a folder or below it
  std::string text_or(const char* field, const char* otherwise) const;
  const nlohmann::json& array(const char* field) const;
  std::vector<std::string> texts(const char* field) const;  // an array of strings
  std::vector<std::int64_t> integers(const char* field) const;
  bool boolean(const char* field) const;
  image::Box box(const char* field) const;
  image::Polygon polygon(const char* field) const;
  bool has(const char* field) const;    // there and not null
  bool names(const char* field) const;  // there, null or not
  bool is_null(const char* field) const;
  Fields object(const char* field) const;
  // Element i of an array field, which must be an object.
  Fields element(const char* field, std::size_t i) const;

  const std::string& where() const { return where_; }
  // Throws DataError: WHERE: field "FIELD": COMPLAINT.
  [[noreturn]] void fail(const std::string& field, const std::string& complaint) const;

 private:
  const nlohmann::json& get(const char* field, const char* expected) const;
  std::int64_t integer_of(const std::string& field, const nlohmann::json& value) const;

  const nlohmann::json& object_;
  std::string where_;
  std::string prefix_;  // "vqa." inside the object `vqa`
};

// One line of a file of records. Throws DataError naming it for what is no JSON and for a field that stands
// there twice.
nlohmann::json parse_line(std::string_view line, const std::string& where);

// Why a file of this name lies elsewhere than in the folder it is looked for in, or below; empty: it does
// not.
std::string why_astray(const std::string& file_name);

// Corners from a flat array x1, y1, x2, y2, ...: none, or three and more; or a complaint like read_box's.
image::Polygon read_polygon(const Fields& fields, const std::string& field, const nlohmann::json& value);

// Four finite numbers, the last two not negative, or a complaint by `fields` about `field`.
image::Box read_box(const Fields& fields, const std::string& field, const nlohmann::json& value);

}  // namespace hones::benchmark
