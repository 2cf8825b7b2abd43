// The only file that knows CLI11.
#include "app/settings/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include <hones/base/error.hpp>

namespace hones::settings {

namespace {

std::string commands_in_words() {
  std::string words;
  for (const Command command : all_commands())
    words += (words.empty() ? "" : ", ") + std::string(name_of(command));
  return words;
}

Command known_command(const std::string& word) {
  if (const auto command = command_named(word)) return *command;
  std::vector<std::string> known;
  for (const Command command : all_commands()) known.emplace_back(name_of(command));
  throw UsageError("unknown command " + word + ": the nearest is " + nearest(word, known) +
                   "; expected one of " + commands_in_words());
}

bool takes_list(const Setting& setting) {
  return setting.type == Type::texts || setting.type == Type::heads;
}

// What CLI11 found, as text: flags by setting, files, --set.
struct Words {
  std::vector<std::pair<const Setting*, std::string>> flags;
  std::vector<std::string> files;
  std::vector<std::string> sets;
  bool help = false;
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

void refuse_leftover(const std::string& word, Command command) {
  const std::string name(name_of(command));
  if (!word.starts_with("-")) {
    throw UsageError(name + ": unexpected word " + word + ": expected flags only (hones_mpi " + name +
                     " --help)");
  }
  std::vector<std::string> known{"--config", "--set", "--help"};
  for (const Setting& setting : catalogue()) {
    if (setting.known_to(command) && setting.flag.starts_with("--")) known.push_back(setting.flag);
  }
  const std::string flag = word.substr(0, word.find('='));
  throw UsageError(name + ": unknown flag " + flag + ": the nearest known one is " + nearest(flag, known));
}

[[noreturn]] void refuse_twice(const Setting& setting, const std::vector<std::string>& values) {
  std::string what =
      setting.flag + ": " + setting.key + " is given " + std::to_string(values.size()) + " times";
  if (setting.type != Type::boolean) what += ": " + values[0] + " and " + values[1];
  throw UsageError(what + ": expected once");
}

Words split(Command command, const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();  // help is made from the catalogue
  app.allow_extras();
  Words words;
  app.add_flag("--help,-h", words.help);
  app.add_option("--config", words.files)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--set", words.sets)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  std::vector<std::pair<const Setting*, CLI::Option*>> options;
  for (const Setting& setting : catalogue()) {
    if (!setting.known_to(command) || setting.flag.empty()) continue;
    CLI::Option* option =
        setting.type == Type::boolean ? app.add_flag(setting.flag) : app.add_option(setting.flag);
    if (takes_list(setting)) option->expected(1, 10000);
    // Taken here and refused below, in our words.
    if (setting.flag.starts_with("--")) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.emplace_back(&setting, option);
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them backwards
  } catch (const CLI::ArgumentMismatch&) {  // only the last word can lack what belongs after it
    throw UsageError(arguments.back() + ": expected a value after it (hones_mpi " +
                     std::string(name_of(command)) + " --help)");
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(name_of(command)) + ": " + error.what());
  }
  if (!words.help && !app.remaining().empty()) refuse_leftover(app.remaining().front(), command);
  for (const auto& [setting, option] : options) {
    if (option->count() == 0) continue;
    if (option->count() > 1 && !takes_list(*setting)) refuse_twice(*setting, option->results());
    words.flags.emplace_back(setting, joined(option->results()));
  }
  return words;
}

void apply_set(Settings& settings, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) throw UsageError("--set " + word + ": expected section.key=value");
  const std::string key = word.substr(0, equals);
  const std::string command(name_of(settings.command()));
  const Setting* setting = find(key);
  if (setting == nullptr || !setting->known_to(settings.command()) || setting->once) {
    std::vector<std::string> known;
    for (const Setting& other : catalogue()) {
      if (other.known_to(settings.command()) && !other.once) known.push_back(other.key);
    }
    throw UsageError("--set " + word + ": unknown key " + key + " of " + command +
                     ": the nearest known one is " + nearest(key, known));
  }
  settings.set(*setting, parse_value(*setting, word.substr(equals + 1), "--set"), "--set");
}

}  // namespace

Invocation parse_command_line(const std::vector<std::string>& arguments) {
  Invocation invocation;
  if (arguments.empty())
    throw UsageError("no command: expected one of " + commands_in_words() + " (hones_mpi --help)");
  if (arguments[0] == "--help" || arguments[0] == "-h") {
    invocation.kind = Invocation::Kind::help;
    invocation.help = program_help();
    return invocation;
  }
  if (arguments[0] == "--version") {
    invocation.kind = Invocation::Kind::version;
    return invocation;
  }
  const Command command = known_command(arguments[0]);
  const Words words = split(command, {arguments.begin() + 1, arguments.end()});
  if (words.help) {
    invocation.kind = Invocation::Kind::help;
    invocation.help = command_help(command);
    return invocation;
  }
  Settings settings(command);
  for (const std::string& file : words.files) settings.read_toml(file);
  for (const std::string& word : words.sets) apply_set(settings, word);
  for (const auto& [setting, text] : words.flags) {
    settings.set(*setting, parse_value(*setting, text, setting->flag), setting->flag);
  }
  settings.require_all();
  invocation.settings = std::move(settings);
  return invocation;
}

}  // namespace hones::settings
