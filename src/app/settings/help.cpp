// What --help prints, made from the descriptions of the settings.
#include <sstream>

#include "app/settings/command_line.hpp"

namespace hones::settings {

namespace {

constexpr std::size_t kWidth = 100;

// Words of `text` in lines of at most kWidth, each begun with `indent` blanks.
void wrap(std::ostream& out, const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string word;
  std::size_t column = 0;
  while (words >> word) {
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out << '\n';
      column = 0;
    }
    out << (column == 0 ? std::string(indent, ' ') : " ") << word;
    column += (column == 0 ? indent : 1) + word.size();
  }
  out << '\n';
}

const char* placeholder(const Setting& setting) {
  switch (setting.type) {
    case Type::boolean:
      return "";
    case Type::integer:
      return " N";
    case Type::real:
      return " X";
    case Type::text:
      return " TEXT";
    case Type::path:
      return " PATH";
    case Type::model:
      return " MODEL";
    case Type::texts:
      return " A,B,...";
    case Type::heads:
      return " L:H,...";
  }
  return "";
}

std::string default_of(const Setting& setting, Command command) {
  if (setting.required) return "must be given";
  if (setting.inherited(command)) return "default as in DIR";
  const std::string value = shown(setting.fallback);
  return "default " + (value.empty() ? "none" : value);
}

bool is_number(const Setting& setting) {
  return setting.type == Type::integer || setting.type == Type::real;
}

void describe(std::ostream& out, const Setting& setting, Command command) {
  const bool positional = !setting.flag.starts_with("--");
  const std::string name = setting.flag.empty() ? "--set " + setting.key + "=N" : setting.flag;
  out << "  " << name << (positional ? "" : placeholder(setting)) << "    [" << setting.key << "]\n";
  wrap(out, setting.meaning, 6);
  std::string facts = "(" + default_of(setting, command) + "; " + allowed(setting);
  if (!setting.unit.empty()) {
    facts += "; unit: " + setting.unit;
  } else if (is_number(setting)) {
    facts += "; no unit";
  }
  wrap(out, facts + ")", 6);
}

}  // namespace

std::string command_help(Command command) {
  std::ostringstream out;
  const std::string name(name_of(command));
  out << "hones_mpi " << name << ": " << does(command) << "\n\n"
      << "hones_mpi " << name << (command == Command::rank ? " DIR" : "")
      << " [--config FILE.toml]... [--set section.key=value]... [flags]\n"
      << "Flags win over --set, --set over files, later files over earlier ones, all over defaults.\n"
      << "Relative paths, those in files too, count from the current directory.\n\n";
  for (const Setting& setting : catalogue()) {
    if (setting.known_to(command)) describe(out, setting, command);
  }
  return out.str();
}

std::string program_help() {
  std::ostringstream out;
  out << "hones_mpi finds the attention heads and neurons that a vision-language model needs.\n\n"
      << "hones_mpi COMMAND [--config FILE.toml]... [--set section.key=value]... [flags]\n\n";
  for (const Command command : all_commands()) {
    std::string name(name_of(command));
    name.resize(10, ' ');
    out << "  " << name << does(command) << '\n';
  }
  out << "\n  hones_mpi COMMAND --help    every setting of a command with default, unit and meaning\n"
      << "  hones_mpi --version         version and git commit\n\n"
      << "Exit codes: 0 done, 2 wrong use, 3 bad input data, 4 a rank failed, 5 too many bad instances,\n"
      << "75 stopped on request or before the time limit behind a checkpoint: run again to go on.\n";
  return out.str();
}

}  // namespace hones::settings
