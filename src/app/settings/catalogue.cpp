// Every setting of the program, in its parts. To add one, add a line to one of them; nothing else lists
// settings.
#include "app/settings/describe.hpp"

namespace hones::settings {

std::span<const Setting> catalogue() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> settings;
    for (auto part : {data_settings(), model_settings(), picture_settings(), generate_settings(),
                      score_settings(), discover_settings(), ablate_settings(), ranking_settings(),
                      plan_settings(), bench_settings(), watch_settings(), placement_settings()}) {
      settings.insert(settings.end(), part.begin(), part.end());
    }
    return settings;
  }();
  return all;
}

}  // namespace hones::settings
