// The words in which the parts of the catalogue describe settings. Private to the room.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <hones/choice/choices.hpp>

#include "app/settings/setting.hpp"

namespace hones::settings {

// More than these is a slip of the finger, and would only end in a job that never ends.
inline constexpr double kMostImages = 1'000'000;
inline constexpr double kMostHeads = 1'000'000;
inline constexpr double kMostResamples = 1'000'000;
inline constexpr double kMostOfAll = 1'000'000'000;  // instances, queries, positions, units
inline constexpr double kMostSeconds = 1'000'000;

// Builds a Setting from left to right.
class Describe {
 public:
  Describe(std::string key, std::string flag, Type type, Value fallback) {
    setting_.key = std::move(key);
    setting_.flag = std::move(flag);
    setting_.type = type;
    setting_.fallback = std::move(fallback);
  }
  Describe& in(std::vector<Command> commands) { return setting_.commands = std::move(commands), *this; }
  Describe& means(std::string meaning) { return setting_.meaning = std::move(meaning), *this; }
  Describe& unit(std::string unit) { return setting_.unit = std::move(unit), *this; }
  Describe& at_least(double minimum) { return setting_.minimum = minimum, *this; }
  Describe& above(double minimum) { return setting_.minimum = minimum, setting_.above_minimum = true, *this; }
  Describe& at_most(double maximum) { return setting_.maximum = maximum, *this; }
  Describe& or_minus_one() { return setting_.or_minus_one = true, *this; }
  Describe& one_of(std::vector<std::string> choices) { return setting_.choices = std::move(choices), *this; }
  Describe& changes_numbers() { return setting_.numeric = true, *this; }
  Describe& required() { return setting_.required = true, *this; }
  Describe& once() { return setting_.once = true, *this; }
  Describe& new_each_run() { return setting_.new_each_run = true, *this; }
  Describe& inherited_by(std::vector<Command> commands) {
    return setting_.inherited_by = std::move(commands), *this;
  }
  operator Setting() const { return setting_; }

 private:
  Setting setting_;
};

inline Describe boolean(std::string key, std::string flag, bool fallback = false) {
  return {std::move(key), std::move(flag), Type::boolean, fallback};
}
inline Describe integer(std::string key, std::string flag, std::int64_t fallback) {
  return {std::move(key), std::move(flag), Type::integer, fallback};
}
inline Describe real(std::string key, std::string flag, double fallback) {
  return {std::move(key), std::move(flag), Type::real, fallback};
}
inline Describe text(std::string key, std::string flag, std::string fallback) {
  return {std::move(key), std::move(flag), Type::text, std::move(fallback)};
}
// A word out of an enumeration's (choice/choices.hpp).
template <typename Choice>
Describe one_word(std::string key, std::string flag, Choice fallback) {
  return text(std::move(key), std::move(flag), choice::word(fallback)).one_of(choice::all_words<Choice>());
}
inline Describe path(std::string key, std::string flag) {
  return {std::move(key), std::move(flag), Type::path, std::string()};
}
inline Describe list(std::string key, std::string flag, Type type, std::vector<std::string> fallback) {
  return {std::move(key), std::move(flag), type, std::move(fallback)};
}

// The catalogue in its order, a file each.
std::vector<Setting> data_settings();   // synth, prepare
std::vector<Setting> model_settings();  // model, engine, units, answers, interventions
std::vector<Setting> picture_settings();
std::vector<Setting> generate_settings();
std::vector<Setting> score_settings();
std::vector<Setting> discover_settings();
std::vector<Setting> ablate_settings();
std::vector<Setting> ranking_settings();
std::vector<Setting> plan_settings();
std::vector<Setting> bench_settings();
std::vector<Setting> watch_settings();
std::vector<Setting> placement_settings();

}  // namespace hones::settings
