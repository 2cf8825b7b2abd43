// JSON whose objects name nothing twice: of two equal names the library keeps the last one silently.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hones {

// `Json` is nlohmann's; throws what its parse throws. `twice(name)` is called where an object has a name
// again and must throw.
template <typename Json, typename Twice>
Json parse_with_unique_names(std::string_view text, const Twice& twice) {
  using Event = typename Json::parse_event_t;
  std::vector<std::set<std::string>> seen;  // of the objects that are open
  return Json::parse(text, [&](int, Event event, Json& parsed) {
    if (event == Event::object_start) {
      seen.emplace_back();
    } else if (event == Event::object_end) {
      seen.pop_back();
    } else if (event == Event::key) {
      const auto& name = parsed.template get_ref<const std::string&>();
      if (!seen.back().insert(name).second) twice(name);
    }
    return true;
  });
}

}  // namespace hones
