// Official files hold one object with a few huge arrays or objects. Their elements are visited one by one, so
// that memory holds one element at a time and never the file (docs/benchmark.md section 1).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "fields.hpp"

namespace hones::benchmark {

// Called with the element, whose where() is "FILE: SECTION[INDEX]", and its key where the section is an
// object.
using Visitor = std::function<void(const Fields& element, const std::string& key)>;

struct Section {
  enum class Kind { array, object };
  Kind kind;
  Visitor visitor;
};
inline Section in_array(Visitor visitor) {
  return {Section::Kind::array, std::move(visitor)};
}
inline Section in_object(Visitor visitor) {
  return {Section::Kind::object, std::move(visitor)};
}

// Visits every element of the named sections in file order. Throws DataError for text that is no JSON (naming
// the element where it breaks off), for a missing section, and for a section or an element of the wrong kind.
void visit_sections(const std::filesystem::path& file, const std::map<std::string, Section>& sections);

// The same for a file whose one object holds the elements itself; where() is "FILE: ["KEY"]".
void visit_entries(const std::filesystem::path& file, const Visitor& visitor);

}  // namespace hones::benchmark
