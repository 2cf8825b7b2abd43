#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include <hones/engine/bundle.hpp>

namespace hones::engine {

std::vector<Kind> separate_kinds(const std::vector<TaskItems>& tasks) {
  std::vector<Kind> kinds;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Kind kind{tasks[t].task->name(), {}};
    for (std::size_t i = 0; i < tasks[t].items.size(); ++i)
      kind.bundles.push_back({{static_cast<std::int32_t>(t), static_cast<std::int64_t>(i)}});
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

std::vector<Kind> shared_kinds(const std::vector<TaskItems>& tasks) {
  std::vector<std::size_t> by_name(tasks.size());
  std::iota(by_name.begin(), by_name.end(), std::size_t{0});
  std::sort(by_name.begin(), by_name.end(),
            [&](std::size_t a, std::size_t b) { return tasks[a].task->name() < tasks[b].task->name(); });

  // What load_picture draws from, but for what the file name implies.
  using Picture = std::tuple<std::string, std::optional<image::Box>, image::Stroke, image::TextMask>;
  std::map<Picture, std::size_t> known;
  std::vector<Bundle> bundles;
  for (const std::size_t t : by_name) {
    for (std::size_t i = 0; i < tasks[t].items.size(); ++i) {
      const task::Item& item = tasks[t].items[i];
      const auto [found, fresh] =
          known.try_emplace(Picture{item.file_name, item.box, item.stroke, item.text_mask}, bundles.size());
      if (fresh) bundles.emplace_back();
      bundles[found->second].push_back({static_cast<std::int32_t>(t), static_cast<std::int64_t>(i)});
    }
  }
  std::map<std::string, Kind> kinds;
  for (Bundle& bundle : bundles) {
    std::string name;
    for (const Member& member : bundle)
      name += (name.empty() ? "" : "+") + tasks[static_cast<std::size_t>(member.task)].task->name();
    Kind& kind = kinds[name];
    kind.name = name;
    kind.bundles.push_back(std::move(bundle));
  }
  std::vector<Kind> all;
  for (auto& [name, kind] : kinds) all.push_back(std::move(kind));
  return all;
}

}  // namespace hones::engine
