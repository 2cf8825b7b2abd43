// Values of settings: from text, checked, and shown to people.
#include <cmath>

#include <hones/base/error.hpp>
#include <hones/base/number.hpp>

#include "app/settings/number.hpp"
#include "app/settings/setting.hpp"

namespace hones::settings {

namespace {

bool is_list(Type type) {
  return type == Type::texts || type == Type::heads;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

// "3:5": two non-negative integers, small enough for what they index.
bool is_head(const std::string& word) {
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) return false;
  for (const std::string& part : {word.substr(0, colon), word.substr(colon + 1)}) {
    const auto index = number_from<std::int32_t>(part);
    if (!index || *index < 0) return false;
  }
  return true;
}

[[noreturn]] void refuse(const Setting& setting, const std::string& text, const std::string& where) {
  throw UsageError(where + ": " + setting.key + " = " + text + ": expected " + allowed(setting));
}

bool in_range(const Setting& setting, double number) {
  if (!std::isfinite(number)) return false;
  if (setting.or_minus_one && number == -1) return true;
  if (setting.minimum && (number < *setting.minimum || (setting.above_minimum && number == *setting.minimum)))
    return false;
  return !setting.maximum || number <= *setting.maximum;
}

bool is_choice(const Setting& setting, const std::string& word) {
  for (const std::string& choice : setting.choices) {
    if (choice == word) return true;
  }
  return setting.choices.empty();
}

bool allows_list(const Setting& setting, const std::vector<std::string>& words) {
  if (setting.type == Type::heads && words == std::vector<std::string>{"all"})
    return is_choice(setting, "all");
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) return false;
    if (setting.type == Type::heads ? !is_head(words[i]) : !is_choice(setting, words[i])) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (words[i] == words[j]) return false;
    }
  }
  return !words.empty() || std::get<std::vector<std::string>>(setting.fallback).empty();
}

// 1,000,000 and 0.5, not 1e+06.
std::string limit(double number) {
  const bool whole = number == std::floor(number) && std::fabs(number) < 1e15;
  return whole ? grouped(static_cast<std::int64_t>(number)) : shortest(number);
}

std::string allowed_number(const Setting& setting) {
  std::string range = setting.type == Type::integer ? "an integer" : "a number";
  if (setting.or_minus_one) range = "-1, or " + range;
  if (setting.minimum)
    range += (setting.above_minimum ? " above " : " of at least ") + limit(*setting.minimum);
  if (setting.maximum)
    range += (setting.minimum ? " and at most " : " of at most ") + limit(*setting.maximum);
  return range;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return words;
}

}  // namespace

std::string allowed(const Setting& setting) {
  switch (setting.type) {
    case Type::boolean:
      return "true or false";
    case Type::integer:
    case Type::real:
      return allowed_number(setting);
    case Type::text:
      return setting.choices.empty() ? "a text" : "one of " + joined(setting.choices, ", ");
    case Type::path:
      return "a path";
    case Type::model:
      return "a folder or org/name";
    case Type::texts:
      return "a list of different words" +
             (setting.choices.empty() ? std::string() : " out of " + joined(setting.choices, ", "));
    case Type::heads:
      return std::string("a list of different heads LAYER:HEAD, counted from 0") +
             (setting.choices.empty() ? "" : ", or all");
  }
  throw InternalError("a setting of an unknown type: " + setting.key);
}

std::string shown(const Value& value) {
  struct Show {
    std::string operator()(bool is) const { return is ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return shortest(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const std::vector<std::string>& words) const { return joined(words, ","); }
  };
  return std::visit(Show{}, value);
}

Value parse_value(const Setting& setting, const std::string& text, const std::string& where) {
  Value value = text;
  if (setting.type == Type::boolean) {
    if (text != "true" && text != "false") refuse(setting, text, where);
    value = text == "true";
  } else if (setting.type == Type::integer) {
    const auto number = number_from<std::int64_t>(text);
    if (!number) refuse(setting, text, where);
    value = *number;
  } else if (setting.type == Type::real) {
    const auto number = number_from<double>(text);
    if (!number) refuse(setting, text, where);
    value = *number;
  } else if (is_list(setting.type)) {
    value = split_list(text);
  }
  check_value(setting, value, where);
  return value;
}

void check_value(const Setting& setting, const Value& value, const std::string& where) {
  const bool right_type = value.index() == setting.fallback.index();
  bool fine = right_type;
  if (right_type && setting.type == Type::integer) {
    fine = in_range(setting, static_cast<double>(std::get<std::int64_t>(value)));
  } else if (right_type && setting.type == Type::real) {
    fine = in_range(setting, std::get<double>(value));
  } else if (right_type && setting.type == Type::text) {
    fine = is_choice(setting, std::get<std::string>(value));
  } else if (right_type && is_list(setting.type)) {
    fine = allows_list(setting, std::get<std::vector<std::string>>(value));
  }
  if (!fine)
    refuse(setting, std::holds_alternative<std::string>(value) ? '"' + shown(value) + '"' : shown(value),
           where);
}

}  // namespace hones::settings
