#include "app/settings/setting.hpp"

#include <algorithm>
#include <numeric>

#include <hones/base/error.hpp>

namespace hones::settings {

namespace {

struct CommandWords {
  std::string_view name, does;
  bool shared = false;
};

constexpr CommandWords kWords[] = {
#define HONES_ALONE(name, does) {#name, does, false},
#define HONES_SHARED(name, does) {#name, does, true},
#include "app/settings/commands.def"
};

constexpr Command kCommands[] = {
#define HONES_ALONE(name, does) Command::name,
#define HONES_SHARED(name, does) Command::name,
#include "app/settings/commands.def"
};

const CommandWords& words_of(Command command) {
  return kWords[static_cast<std::size_t>(command)];
}

// Levenshtein: insertions, deletions, substitutions.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t substituted = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

bool Setting::known_to(Command command) const {
  return std::find(commands.begin(), commands.end(), command) != commands.end();
}

bool Setting::inherited(Command command) const {
  return std::find(inherited_by.begin(), inherited_by.end(), command) != inherited_by.end();
}

const Setting* find(std::string_view key) {
  for (const Setting& setting : catalogue()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
  HONES_ASSERT(!known.empty(), "nothing is known");
  // A word without a section is compared with names without theirs.
  const bool whole = word.find('.') != std::string_view::npos;
  const auto distance = [&](std::string_view to) {
    return edit_distance(word, whole ? to : to.substr(to.find('.') + 1));
  };
  return *std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return distance(a) < distance(b);
  });
}

std::string_view name_of(Command command) {
  return words_of(command).name;
}

std::string_view does(Command command) {
  return words_of(command).does;
}

bool is_shared(Command command) {
  return words_of(command).shared;
}

std::span<const Command> all_commands() {
  return kCommands;
}

std::optional<Command> command_named(std::string_view name) {
  for (const Command command : kCommands) {
    if (name_of(command) == name) return command;
  }
  return std::nullopt;
}

}  // namespace hones::settings
