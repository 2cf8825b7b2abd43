// Where a checkpoint keeps its chat template (docs/models.md 5.5).
#include <algorithm>
#include <cctype>

#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

#include "fields.hpp"

namespace hones::checkpoint {

namespace {

constexpr const char* kName = "chat_template";

// The one named "default" of a list of {"name", "template"}.
std::optional<std::string> default_of(const json& list, const std::string& place) {
  for (const json& entry : list) {
    const Fields named(entry, place + ": an entry of " + kName);
    if (named.text("name") == "default") return named.text("template");
  }
  return std::nullopt;
}

// One template, or several: such a list, or an object from name to template.
std::optional<std::string> template_of(const json& document, const std::string& place) {
  const Fields fields(document, place);
  const json* value = fields.find(kName);
  if (value == nullptr) return std::nullopt;
  std::optional<std::string> text;
  if (value->is_string()) text = value->get<std::string>();
  if (value->is_object()) text = fields.object(kName)->text("default");
  if (value->is_array()) text = default_of(*value, place);
  if (!text)
    fields.fail(kName,
                "is " + shown(*value) + "; expected a template, or several with one named \"default\"");
  return text;
}

std::string without_blanks(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c); }),
             text.end());
  return text;
}

}  // namespace

std::optional<ChatTemplate> chat_template(const std::filesystem::path& folder) {
  if (const auto file = folder / "chat_template.jinja"; std::filesystem::exists(file))
    return ChatTemplate{file, read_file(file)};
  for (const char* name : {"chat_template.json", "processor_config.json", "tokenizer_config.json"}) {
    const std::filesystem::path file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    if (auto text = template_of(read_json(file), file.string())) return ChatTemplate{file, std::move(*text)};
  }
  return std::nullopt;
}

bool has_llava_pieces(const std::string& chat_template) {
  const std::string text = without_blanks(chat_template);
  const auto has = [&](const char* piece) { return text.find(piece) != std::string::npos; };
  return has("ASSISTANT:") && (has("USER:") || has(".upper()") || has("|upper"));
}

std::string chat_template_warning(const std::filesystem::path& folder) {
  const auto found = chat_template(folder);
  if (!found || has_llava_pieces(found->text)) return {};
  return found->file.string() +
         ": not the chat template of LLaVA-1.5 (no USER: and ASSISTANT:); prompts are written as \"USER: "
         "<image> "
         "... ASSISTANT:\" all the same, which this model was not made for";
}

}  // namespace hones::checkpoint
