#include "stream.hpp"

#include <fstream>
#include <set>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>

namespace hones::benchmark {

namespace {

using Event = nlohmann::json::parse_event_t;

// Depths in the parser's count: 0 the file's object, 1 its fields, 2 the elements of a field.
class SectionWalk {
 public:
  SectionWalk(std::string file, const std::map<std::string, Visitor>& sections)
      : file_(std::move(file)), sections_(sections) {}

  // The parser keeps what this returns true for.
  bool operator()(int depth, Event event, const nlohmann::json& parsed) {
    if (depth == 0) return check_root(event);
    if (depth == 1) return at_field(event, parsed);
    if (depth == 2 && visitor_) return at_element(event, parsed);
    return true;
  }

  void finish() const {
    for (const auto& [name, visitor] : sections_) {
      if (!seen_.contains(name))
        throw DataError(file_ + ": field \"" + name + "\": missing, expected an array or an object");
    }
  }

 private:
  bool check_root(Event event) const {
    if (event == Event::array_start || event == Event::value) throw DataError(file_ + ": expected an object");
    return true;
  }

  bool at_field(Event event, const nlohmann::json& parsed) {
    if (event == Event::key) {
      section_ = parsed.get<std::string>();
      const auto found = sections_.find(section_);
      visitor_ = found == sections_.end() ? nullptr : &found->second;
      if (visitor_ && !seen_.insert(section_).second)
        throw DataError(file_ + ": field \"" + section_ + "\": stands there twice");
      index_ = 0;
      key_.clear();
      return visitor_ != nullptr;
    }
    if (event == Event::value && visitor_) {
      throw DataError(file_ + ": field \"" + section_ + "\": expected an array or an object");
    }
    return true;
  }

  bool at_element(Event event, const nlohmann::json& parsed) {
    if (event == Event::key) {
      key_ = parsed.get<std::string>();
      return true;
    }
    if (event == Event::object_start || event == Event::array_start) return true;
    const std::string label = key_.empty() ? std::to_string(index_) : "\"" + key_ + "\"";
    (*visitor_)(Fields(parsed, file_ + ": " + section_ + "[" + label + "]"), key_);
    ++index_;
    return false;
  }

  std::string file_;
  const std::map<std::string, Visitor>& sections_;
  const Visitor* visitor_ = nullptr;  // of the section that is being read; none: it is skipped
  std::string section_, key_;
  std::size_t index_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

void visit_sections(const std::filesystem::path& file, const std::map<std::string, Visitor>& sections) {
  check_readable(file);
  std::ifstream in(file, std::ios::binary);
  SectionWalk walk(file.string(), sections);
  try {
    const auto rest = nlohmann::json::parse(
        in, [&walk](int depth, Event event, nlohmann::json& parsed) { return walk(depth, event, parsed); });
  } catch (const nlohmann::json::exception& error) {
    throw DataError(file.string() + ": not JSON: " + without_label(error.what()));
  }
  walk.finish();
}

}  // namespace hones::benchmark
