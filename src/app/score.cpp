#include <cstdio>

#include <nlohmann/json.hpp>

#include <hones/base/number.hpp>
#include <hones/benchmark/score.hpp>

#include "app/commands.hpp"

namespace hones::app {

namespace {

std::string json_of(const std::string& metric, const benchmark::ScoreReport& report) {
  nlohmann::ordered_json json;
  json["metric"] = metric;
  json["value"] = report.value;
  json["count"] = report.items.size();
  for (const auto& [name, value] : report.parts) json["parts"][name] = value;
  json["items"] = nlohmann::ordered_json::array();
  for (const benchmark::ItemScore& item : report.items)
    json["items"].push_back({{"id", item.id}, {"value", item.value}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void score(const settings::Settings& settings) {
  const std::string& metric = settings.text("score.metric");
  const benchmark::ScoreReport report =
      benchmark::score(metric, settings.path("score.predictions"), settings.path("score.references"));
  const std::string text = settings.boolean("score.json") ? json_of(metric, report) : shortest(report.value);
  std::printf("%s\n", text.c_str());
}

}  // namespace hones::app
