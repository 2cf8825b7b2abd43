// The settings in force for one command: defaults, under files, under --set, under flags.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <hones/choice/words.hpp>

#include "app/settings/setting.hpp"

namespace hones::settings {

class Settings {
 public:
  explicit Settings(Command command) : command_(command) {}

  Command command() const { return command_; }

  // Lays a value over what was there. `where` names its source in errors. Throws UsageError for a value that
  // is not allowed.
  void set(const Setting& setting, Value value, const std::string& where);
  // Lays a file over what was there. Settings of other commands are checked and then left alone, so that one
  // file can serve several commands. Throws UsageError naming the file and why it cannot be read, or file,
  // line, key and what is allowed or the nearest known key.
  void read_toml(const std::filesystem::path& file);
  // Throws UsageError naming the first required setting that is not given.
  void require_all() const;

  // True when a file, --set or a flag said it.
  bool given(const std::string& key) const { return values_.contains(key); }
  // Where the value came from: a file with its line, "--set", a flag; "the default".
  std::string source(const std::string& key) const;
  // How errors name a value in force: "--queries: prepare.queries = 50", its source first.
  std::string named(const std::string& key) const;
  // For a value that its description allows, but not beside the others: throws UsageError "NAMED: expected
  // EXPECTED".
  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const;

  // The value in force. The key and its type must be right: they are this program's own.
  bool boolean(const std::string& key) const;
  std::int64_t integer(const std::string& key) const;
  double real(const std::string& key) const;
  const std::string& text(const std::string& key) const;
  // Of a setting that is described with the enumeration.
  template <typename Choice>
  Choice chosen(const std::string& key) const {
    return choice::from<Choice>(text(key), key);
  }
  std::filesystem::path path(const std::string& key) const { return text(key); }
  const std::vector<std::string>& list(const std::string& key) const;
  // (layer, head) pairs; empty where the list is `all` or empty.
  std::vector<std::pair<std::int32_t, std::int32_t>> heads(const std::string& key) const;

  // All settings of the command but the place of the results, defaults filled in, paths absolute. Read again
  // and written again it gives the same bytes.
  std::string to_toml() const;
  // Only what can change a number, as {"section.name": value}, keys sorted.
  std::string to_json() const;
  // All settings of the command in the same form: what run.json tells.
  std::string all_to_json() const;

 private:
  struct Entry {
    Value value;
    std::string where;
  };
  const Value& value(const std::string& key) const;
  std::string json_of(bool all) const;

  Command command_;
  std::map<std::string, Entry> values_;  // what was given
};

}  // namespace hones::settings
