// A JSON value of somebody's file, as an error message can show it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace hones {

// Whether arrays and objects stand in each other more than `levels` deep.
template <typename Json>
bool is_deeper(const Json& value, int levels) {
  return value.is_structured() &&
         (levels == 0 || std::any_of(value.begin(), value.end(),
                                     [&](const Json& part) { return is_deeper(part, levels - 1); }));
}

// Sixty bytes of its text. The library makes a value's text by recursion, so that a line of brackets alone
// would take the whole stack: what is deeper than any record is named instead. `Json` is nlohmann's.
template <typename Json>
std::string shown(const Json& value) {
  constexpr int kLevels = 8;
  constexpr std::size_t kMost = 60;
  if (is_deeper(value, kLevels)) return "a nest of arrays and objects";
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kMost) text = text.substr(0, kMost - 3) + "...";
  return text;
}

}  // namespace hones
