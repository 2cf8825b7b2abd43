#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/results/run_settings.hpp>

namespace hones::results {

using Json = nlohmann::ordered_json;

Json object_in(const std::string& text, const std::string& where) {
  Json object;
  try {
    object = Json::parse(text);
  } catch (const Json::exception& error) {
    throw DataError(where + ": not JSON: " + without_label(error.what()));
  }
  if (!object.is_object()) throw DataError(where + ": expected a JSON object");
  return object;
}

RunSettings::RunSettings(const std::string& settings_json, const std::filesystem::path& file)
    : where_(file.string() + ": settings_json"), settings_(object_in(settings_json, where_)) {}

const Json& RunSettings::at(const std::string& key) const {
  const auto found = settings_.find(key);
  if (found == settings_.end()) throw DataError(where_ + " has no '" + key + "'");
  return *found;
}

void RunSettings::refuse_type(const std::string& key) const {
  throw DataError(where_ + ": '" + key + "' is of another type: " + at(key).dump());
}

}  // namespace hones::results
