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
  SectionWalk(std::string file, const std::map<std::string, Section>& sections)
      : file_(std::move(file)), sections_(sections) {}

  // The parser keeps what this returns true for.
  bool operator()(int depth, Event event, const nlohmann::json& parsed) {
    if (depth == 0) return check_root(event);
    if (depth == 1) return at_field(event, parsed);
    if (depth == 2 && reading_) return at_element(event, parsed);
    return true;
  }

  // The element that is being read, " annotations[17]:", or nothing outside the sections.
  std::string place() const { return reading_ ? " " + section_ + "[" + label() + "]:" : ""; }

  void finish() const {
    for (const auto& [name, section] : sections_) {
      if (!seen_.contains(name)) fail(name, "missing, expected " + name_of(section.kind));
    }
  }

 private:
  static std::string name_of(Section::Kind kind) {
    return kind == Section::Kind::array ? "an array" : "an object";
  }
  [[noreturn]] void fail(const std::string& field, const std::string& complaint) const {
    throw DataError(file_ + ": field \"" + field + "\": " + complaint);
  }

  bool check_root(Event event) const {
    if (event == Event::array_start || event == Event::value) throw DataError(file_ + ": expected an object");
    return true;
  }

  bool at_field(Event event, const nlohmann::json& parsed) {
    if (event == Event::key) {
      section_ = parsed.get<std::string>();
      const auto found = sections_.find(section_);
      reading_ = found == sections_.end() ? nullptr : &found->second;
      if (reading_ && !seen_.insert(section_).second) fail(section_, "stands there twice");
      index_ = 0;
      key_.clear();
      return reading_ != nullptr;
    }
    const Event other =
        reading_ && reading_->kind == Section::Kind::array ? Event::object_start : Event::array_start;
    if (reading_ && (event == Event::value || event == other))
      fail(section_, "expected " + name_of(reading_->kind));
    return true;
  }

  bool at_element(Event event, const nlohmann::json& parsed) {
    if (event == Event::key) {
      key_ = parsed.get<std::string>();
      return true;
    }
    if (event == Event::object_start || event == Event::array_start) return true;
    reading_->visitor(Fields(parsed, file_ + ": " + section_ + "[" + label() + "]"), key_);
    ++index_;
    return false;
  }

  std::string label() const { return key_.empty() ? std::to_string(index_) : "\"" + key_ + "\""; }

  std::string file_;
  const std::map<std::string, Section>& sections_;
  const Section* reading_ = nullptr;  // none: what is being read is skipped
  std::string section_, key_;
  std::size_t index_ = 0;
  std::set<std::string> seen_;
};

using Keep = std::function<bool(int depth, Event event, const nlohmann::json& parsed)>;

// `place` says where in the file the parser was when the text ceased to be JSON.
void parse_file(const std::filesystem::path& file, const Keep& keep,
                const std::function<std::string()>& place) {
  check_readable(file);
  std::ifstream in(file, std::ios::binary);
  try {
    const auto rest = nlohmann::json::parse(
        in, [&keep](int depth, Event event, nlohmann::json& parsed) { return keep(depth, event, parsed); });
  } catch (const nlohmann::json::exception& error) {
    throw DataError(file.string() + ":" + place() + " not JSON: " + without_label(error.what()));
  }
}

}  // namespace

void visit_sections(const std::filesystem::path& file, const std::map<std::string, Section>& sections) {
  SectionWalk walk(file.string(), sections);
  parse_file(file, std::ref(walk), [&walk] { return walk.place(); });
  walk.finish();
}

void visit_entries(const std::filesystem::path& file, const Visitor& visitor) {
  std::string key;
  const auto place = [&key] { return key.empty() ? "" : " [\"" + key + "\"]:"; };
  const auto keep = [&](int depth, Event event, const nlohmann::json& parsed) {
    if (depth == 0 && (event == Event::array_start || event == Event::value))
      throw DataError(file.string() + ": expected an object");
    if (depth != 1 || event == Event::object_start || event == Event::array_start) return true;
    if (event == Event::key) {
      key = parsed.get<std::string>();
      return true;
    }
    visitor(Fields(parsed, file.string() + ": [\"" + key + "\"]"), key);
    return false;
  };
  parse_file(file, keep, place);
}

}  // namespace hones::benchmark
