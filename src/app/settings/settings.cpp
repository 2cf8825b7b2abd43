#include "app/settings/settings.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>

namespace hones::settings {

void Settings::set(const Setting& setting, Value value, const std::string& where) {
  check_value(setting, value, where);
  values_[setting.key] = {std::move(value), where};
}

void Settings::require_all() const {
  for (const Setting& setting : catalogue()) {
    if (!setting.required || !setting.known_to(command_)) continue;
    if (given(setting.key) && !shown(value(setting.key)).empty()) continue;
    throw UsageError(std::string(name_of(command_)) + " needs " + setting.flag + " (" + setting.key +
                     "): " + setting.meaning);
  }
}

std::string Settings::source(const std::string& key) const {
  const auto entry = values_.find(key);
  return entry == values_.end() ? "the default" : entry->second.where;
}

std::string Settings::named(const std::string& key) const {
  return source(key) + ": " + key + " = " + shown(value(key));
}

void Settings::refuse(const std::string& key, const std::string& expected) const {
  throw UsageError(named(key) + ": expected " + expected);
}

const Value& Settings::value(const std::string& key) const {
  const auto entry = values_.find(key);
  if (entry != values_.end()) return entry->second.value;
  const Setting* setting = find(key);
  HONES_ASSERT(setting != nullptr, "no setting " + key);
  return setting->fallback;
}

bool Settings::boolean(const std::string& key) const {
  return std::get<bool>(value(key));
}
std::int64_t Settings::integer(const std::string& key) const {
  return std::get<std::int64_t>(value(key));
}
double Settings::real(const std::string& key) const {
  return std::get<double>(value(key));
}
const std::string& Settings::text(const std::string& key) const {
  return std::get<std::string>(value(key));
}

const std::vector<std::string>& Settings::list(const std::string& key) const {
  return std::get<std::vector<std::string>>(value(key));
}

std::vector<std::pair<std::int32_t, std::int32_t>> Settings::heads(const std::string& key) const {
  std::vector<std::pair<std::int32_t, std::int32_t>> heads;
  for (const std::string& word : list(key)) {
    if (word == "all") return {};
    std::pair<std::int32_t, std::int32_t> head;
    const char* end = word.data() + word.size();
    const char* colon = std::from_chars(word.data(), end, head.first).ptr;
    std::from_chars(colon + 1, end, head.second);
    heads.push_back(head);
  }
  return heads;
}

std::string Settings::to_json() const {
  return json_of(false);
}
std::string Settings::all_to_json() const {
  return json_of(true);
}

std::string Settings::json_of(bool all) const {
  nlohmann::json object = nlohmann::json::object();  // keeps its keys sorted
  for (const Setting& setting : catalogue()) {
    if (!setting.known_to(command_) || !(all || setting.numeric)) continue;
    if (setting.inherited(command_) && !given(setting.key)) continue;
    std::visit([&](const auto& typed) { object[setting.key] = typed; }, value(setting.key));
    // Lists of tasks and heads are sets: the order they were typed in changes no number.
    if (auto& stored = object[setting.key]; !all && stored.is_array())
      std::sort(stored.begin(), stored.end());
  }
  return object.dump();
}

}  // namespace hones::settings
