// Reading settings of a JSON object: absent and null mean the default, everything else must have the right
// type.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/shown.hpp>

namespace hones::checkpoint {

using nlohmann::json;

inline json read_json(const std::filesystem::path& file) {
  try {
    json document = json::parse(read_file(file));
    if (!document.is_object()) throw DataError(file.string() + ": is not a JSON object");
    return document;
  } catch (const json::exception& error) {
    throw DataError(file.string() + ": is not valid JSON: " + without_label(error.what()));
  }
}

// `place` is file and object, as every complaint names them.
class Fields {
 public:
  Fields(const json& object, std::string place) : object_(object), place_(std::move(place)) {
    if (!object_.is_object()) throw DataError(place_ + ": is not an object");
  }

  const json* find(const char* name) const {
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    throw DataError(place_ + ": " + name + " " + what);
  }

  std::optional<std::int64_t> integer(const char* name, std::int64_t low, std::int64_t high) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    return as_integer(*value, name, low, high);
  }

  std::int64_t as_integer(const json& value, const char* name, std::int64_t low, std::int64_t high) const {
    const bool too_large =
        value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!value.is_number_integer() || too_large || value.get<std::int64_t>() < low ||
        value.get<std::int64_t>() > high) {
      fail(name, "is " + shown(value) + "; expected an integer from " + std::to_string(low) + " to " +
                     std::to_string(high));
    }
    return value.get<std::int64_t>();
  }

  std::optional<double> positive(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 0) {
      fail(name, "is " + shown(*value) + "; expected a positive number");
    }
    return value->get<double>();
  }

  std::optional<bool> boolean(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_boolean()) fail(name, "is " + shown(*value) + "; expected true or false");
    return value->get<bool>();
  }

  std::optional<std::string> text(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) fail(name, "is " + shown(*value) + "; expected a string");
    return value->get<std::string>();
  }

  std::optional<Fields> object(const char* name) const {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) fail(name, "is " + shown(*value) + "; expected an object");
    return Fields(*value, place_ + ": " + name);
  }

 private:
  const json& object_;
  std::string place_;
};

}  // namespace hones::checkpoint
