#include <array>
#include <fstream>

#include <nlohmann/json.hpp>

#include <hones/family/family.hpp>

#include "llava/llava.hpp"

namespace hones::family {

namespace {

const std::array<Family, 1> kFamilies{llava::kFamily};

// Empty where it cannot be told: readers of the configuration say why.
std::string model_type_of(const std::filesystem::path& folder) {
  std::ifstream in(folder / "config.json");
  const auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("model_type") || !json["model_type"].is_string()) return {};
  return json["model_type"];
}

}  // namespace

const Family& family_of(const std::filesystem::path& folder) {
  const std::string type = model_type_of(folder);
  for (const Family& family : kFamilies) {
    if (family.name == type) return family;
  }
  return default_family();
}

const Family& default_family() {
  return kFamilies.front();
}

}  // namespace hones::family
