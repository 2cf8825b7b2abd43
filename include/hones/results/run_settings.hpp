// The settings that a stored run was made with (settings_json of discovery.h5). No tensors.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include <hones/choice/words.hpp>

namespace hones::results {

// DataError naming `where` when the text is not a JSON object.
nlohmann::ordered_json object_in(const std::string& text, const std::string& where);

class RunSettings {
 public:
  // `file`: where the text comes from, for errors.
  RunSettings(const std::string& settings_json, const std::filesystem::path& file);

  // DataError when there is no such setting, or of another type.
  template <typename T>
  T get(const std::string& key) const {
    const nlohmann::ordered_json& value = at(key);
    try {
      return value.get<T>();
    } catch (const nlohmann::ordered_json::exception&) {
      refuse_type(key);
    }
  }
  // The same of a word that stands for a choice.
  template <typename Choice>
  Choice chosen(const std::string& key) const {
    return choice::from<Choice>(get<std::string>(key), where_ + ": " + key);
  }

 private:
  const nlohmann::ordered_json& at(const std::string& key) const;
  [[noreturn]] void refuse_type(const std::string& key) const;

  std::string where_;
  nlohmann::ordered_json settings_;
};

}  // namespace hones::results
