// Settings from and to TOML files.
#include <sstream>

#include <toml++/toml.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/number.hpp>

#include "app/settings/settings.hpp"

namespace hones::settings {

namespace {

std::string place(const std::filesystem::path& file, const toml::source_region& region) {
  return file.string() + ":" + std::to_string(region.begin.line);
}

std::string as_written(const toml::node& node) {
  if (node.is_table()) return "a table";
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

// The node as a value of the setting's type, or nothing when it is of another one.
std::optional<Value> value_of(const Setting& setting, const toml::node& node) {
  switch (setting.type) {
    case Type::boolean:
      if (const auto* flag = node.as_boolean()) return Value(flag->get());
      break;
    case Type::integer:
      if (const auto* number = node.as_integer()) return Value(std::int64_t{number->get()});
      break;
    case Type::real:  // 1 is a number as well as 1.0
      if (const auto number = node.is_number() ? node.value<double>() : std::nullopt) return Value(*number);
      break;
    case Type::text:
    case Type::path:
    case Type::model:
      if (const auto* text = node.as_string()) return Value(text->get());
      break;
    case Type::texts:
    case Type::heads:
      if (const auto* array = node.as_array()) {
        std::vector<std::string> words;
        for (const toml::node& element : *array) {
          if (!element.is_string()) return std::nullopt;
          words.push_back(element.as_string()->get());
        }
        return Value(std::move(words));
      }
      break;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_unknown(const std::string& where, const std::string& key, const toml::node& node) {
  std::vector<std::string> known;
  for (const Setting& setting : catalogue()) {
    if (!setting.once) known.push_back(setting.key);
  }
  const std::string value = " = " + as_written(node);
  throw UsageError(where + ": unknown key " + key + value + ": the nearest known one is " +
                   nearest(key, known));
}

void read_entry(Settings& settings, const std::filesystem::path& file, const std::string& key,
                const toml::node& node) {
  const std::string where = place(file, node.source());
  const Setting* setting = find(key);
  if (setting == nullptr) refuse_unknown(where, key, node);
  if (setting->once) {
    throw UsageError(where + ": " + key + " = " + as_written(node) +
                     ": expected on the command line only, as " + setting->flag);
  }
  auto value = value_of(*setting, node);
  if (!value)
    throw UsageError(where + ": " + key + " = " + as_written(node) + ": expected " + allowed(*setting));
  check_value(*setting, *value, where);
  if (setting->known_to(settings.command())) settings.set(*setting, std::move(*value), where);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (code < 0x20 || code == 0x7f) {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += std::string("\\u00") + kHex[code >> 4] + kHex[code & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

struct TomlText {
  std::string operator()(bool is) const { return is ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const {
    const std::string text = shortest(number);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(const std::vector<std::string>& words) const {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + quoted(word);
    return "[" + out + "]";
  }
};

Value with_absolute_path(const Setting& setting, const Value& value) {
  const bool may_be_path = setting.type == Type::path || setting.type == Type::model;
  if (!may_be_path || std::get<std::string>(value).empty()) return value;
  const std::filesystem::path path = std::get<std::string>(value);
  if (setting.type == Type::model && !why_no_folder(path).empty()) return value;  // org/name
  return std::filesystem::absolute(path).lexically_normal().string();
}

// What follows the command to run a stored file again.
std::string again(Command command) {
  std::string words = "--config THIS_FILE";
  for (const Setting& setting : catalogue()) {
    if (setting.new_each_run && setting.known_to(command)) words += " " + setting.flag + " NEW_FOLDER";
  }
  return words;
}

// The file's text. What cannot be read is wrong use here: --config names it.
std::string text_of(const std::filesystem::path& file) {
  try {
    return read_file(file);
  } catch (const DataError& error) {
    throw UsageError(std::string("--config: ") + error.what() + "; expected a TOML file");
  }
}

}  // namespace

void Settings::read_toml(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse(text_of(file), file.string());
  } catch (const toml::parse_error& error) {
    throw UsageError(place(file, error.source()) + ": not TOML: " + std::string(error.description()));
  }
  for (const auto& [section, node] : root) {
    const std::string name(section.str());
    if (const toml::table* table = node.as_table()) {
      for (const auto& [key, entry] : *table)
        read_entry(*this, file, name + "." + std::string(key.str()), entry);
    } else {
      refuse_unknown(place(file, node.source()), name, node);
    }
  }
}

std::string Settings::to_toml() const {
  const std::string command(name_of(command_));
  std::string out = "# Settings of `hones_mpi " + command + "` as they were in force, defaults filled in.\n" +
                    "# Again: hones_mpi " + command + " " + again(command_) + "\n";
  std::string section;
  for (const Setting& setting : catalogue()) {
    if (setting.once || setting.new_each_run || !setting.known_to(command_)) continue;
    if (setting.inherited(command_) && !given(setting.key)) continue;
    const std::size_t dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      out += "\n[" + section + "]\n";
    }
    const Value value = with_absolute_path(setting, this->value(setting.key));
    out += setting.key.substr(dot + 1) + " = " + std::visit(TomlText{}, value) + "\n";
  }
  return out;
}

}  // namespace hones::settings
