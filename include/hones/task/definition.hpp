// What a task is, as data: prompt, fields of the record, target rule, metric, limit, filter. The built-in
// tasks are configs/tasks.toml, where every key is explained; files of the same form add to them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hones::task {

enum class Over { records, queries };
enum class TargetRule { fixed, open };

// A record passes when the field's text is (or holds) one of these. Without the field it does not.
struct Filter {
  std::string field;
  bool contains = false;
  std::vector<std::string> texts;
  bool operator==(const Filter&) const = default;
};

// Fields are full names ("vqa.question"); templates hold {FIELD}, and {{ and }} for braces.
struct Definition {
  std::string name;
  Over over = Over::records;
  std::string prompt;          // template
  std::string release_prompt;  // the wording of --prompts release; equal to `prompt` where there is one only
  std::string item_id;         // field; empty: none
  std::string blue_box;        // field; empty: none
  bool mask_text = false;      // whether --mask-text is for it
  TargetRule target_rule = TargetRule::fixed;
  std::string target;      // template, empty for an open target
  std::string references;  // field; empty over queries
  std::string metric;      // NAME:VARIANT of docs/outputs.md
  std::optional<std::int64_t> max_new_tokens;
  std::vector<Filter> filters;  // all must hold
  bool operator==(const Definition&) const = default;
};

// As one JSON object with the keys of the file, for results: equal text, equal task.
std::string to_json(const Definition& definition);

// configs/tasks.toml as it was when the program was built.
const std::vector<Definition>& built_in_tasks();

// `known` with the tasks of TOML `text` in it: new ones behind, one of a known name in its place. `file`
// names the text in errors. Throws UsageError "FILE:LINE: ..." naming what is wrong and what was expected.
std::vector<Definition> with_tasks(std::vector<Definition> known, std::string_view text,
                                   const std::string& file);
// The same of a file. UsageError for one that cannot be read, too.
std::vector<Definition> with_tasks_of(std::vector<Definition> known, const std::filesystem::path& file);

// Null when there is none of that name.
const Definition* find_task(std::span<const Definition> known, std::string_view name);
std::vector<std::string> names_of(std::span<const Definition> tasks);

}  // namespace hones::task
