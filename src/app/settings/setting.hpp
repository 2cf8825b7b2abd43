// One setting, described once. Command line, TOML files, --set, --help, checks, settings.toml and
// settings_json all read this description and nothing else (the table of all settings: catalogue.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hones::settings {

enum class Command {
#define HONES_ALONE(name, does) name,
#define HONES_SHARED(name, does) name,
#include "app/settings/commands.def"
};

enum class Type {
  boolean,
  integer,
  real,
  text,
  path,   // made absolute in settings.toml
  model,  // a folder or org/name; made absolute where it is a folder
  texts,  // a list; "a,b" on the command line, an array in a file
  heads,  // a list of L:H
};

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

struct Setting {
  std::string key;   // "section.name", as in files and after --set
  std::string flag;  // "--name"; "DIR" for a positional argument; empty: by file and --set only
  Type type = Type::text;
  Value fallback;    // the default
  std::string unit;  // "heads", "s"; empty: none
  std::string meaning;
  std::vector<Command> commands;  // that know it
  std::optional<double> minimum;
  bool above_minimum = false;  // the minimum itself is not allowed
  bool or_minus_one = false;   // -1 is allowed beside the range: "all", "none" or what the meaning says
  std::optional<double> maximum;
  std::vector<std::string> choices;  // of a text, or of each element of a list
  bool numeric = false;              // can change a number of the result: part of settings_json
  bool required = false;             // must be given; the default is empty
  bool once = false;                 // a wish for this start alone (--restart): a flag only, never stored
  bool new_each_run = false;  // the place of the results: never stored, so that a stored file runs again
  std::vector<Command>
      inherited_by;  // commands that, when it is not given, take it from the folder they read

  bool known_to(Command command) const;
  bool inherited(Command command) const;
};

// Every setting of the program, sections together, in the order of help and settings.toml.
std::span<const Setting> catalogue();
// Null when there is none.
const Setting* find(std::string_view key);
// The known word nearest to `word` by edit distance; `known` must not be empty.
std::string nearest(std::string_view word, std::span<const std::string> known);

std::string_view name_of(Command command);
std::string_view does(Command command);  // for people
bool is_shared(Command command);         // by all ranks
std::span<const Command> all_commands();
std::optional<Command> command_named(std::string_view name);

// What a setting allows, for people: "an integer of at least 1 and at most 1,000".
std::string allowed(const Setting& setting);
// A value as people write it, also the form in which help shows a default.
std::string shown(const Value& value);

// A value from the text of a flag or of --set. Throws UsageError "WHERE: KEY = TEXT: expected ALLOWED".
Value parse_value(const Setting& setting, const std::string& text, const std::string& where);
// Type and range of a value from anywhere; the same error.
void check_value(const Setting& setting, const Value& value, const std::string& where);

}  // namespace hones::settings
