// The committed vectors (tests/data/metrics), or those of the folder that HONES_VECTORS names.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace hones::test {

inline nlohmann::json vectors(const std::string& name) {
  const char* folder = std::getenv("HONES_VECTORS");
  const std::filesystem::path file =
      (folder ? std::filesystem::path(folder) : std::filesystem::path(HONES_TEST_DATA) / "metrics") /
      (name + ".json");
  std::ifstream in(file);
  if (!in) throw std::runtime_error("no vectors at " + file.string());
  return nlohmann::json::parse(in);
}

}  // namespace hones::test
