// Numbers out of words, whole words only.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "app/settings/settings.hpp"

namespace hones::settings {

template <typename Number>
std::optional<Number> number_from(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

// A list whose words are numbers from `least` to `most`. UsageError "...: expected EXPECTED" where one is
// not.
template <typename Number>
std::vector<Number> numbers(const Settings& settings, const std::string& key, Number least, Number most,
                            const std::string& expected) {
  std::vector<Number> values;
  for (const std::string& word : settings.list(key)) {
    const auto value = number_from<Number>(word);
    if (!value || !(*value >= least && *value <= most)) settings.refuse(key, expected);
    values.push_back(*value);
  }
  return values;
}

}  // namespace hones::settings
