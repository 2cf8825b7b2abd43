// Tasks from TOML (configs/tasks.toml explains the keys).
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/task/definition.hpp>

#include "built_in.hpp"
#include "fields.hpp"
#include "metrics.hpp"

namespace hones::task {

namespace {

constexpr std::int64_t kMostTokens = 4096;  // as --max-new-tokens
constexpr std::size_t kLongestName = 64;

std::string place(const std::string& file, const toml::node& node) {
  return file + ":" + std::to_string(node.source().begin.line);
}

// One [NAME] of a file, read key by key over what it is like.
class Reader {
 public:
  Reader(const std::string& file, std::string name, const toml::node& node,
         const std::vector<Definition>& known)
      : file_(file), name_(std::move(name)), node_(node), known_(known) {
    made_.name = name_;
  }

  Definition read() {
    check_name();
    const toml::table* table = node_.as_table();
    if (!table) fail(node_, "expected a table, [" + name_ + "] and keys below it");
    if (const toml::node* like = table->get("like")) read_like(*like);
    // What a field's name means depends on `over`.
    if (const toml::node* over = table->get("over")) made_.over = read_over(*over);
    for (const auto& [key, value] : *table) read_key(std::string(key.str()), value);
    if (made_.target_rule == TargetRule::open && !table->contains("target"))
      made_.target.clear();  // that of `like`
    check_whole();
    return made_;
  }

 private:
  [[noreturn]] void fail(const toml::node& node, const std::string& complaint) const {
    throw UsageError(place(file_, node) + ": task " + name_ + ": " + complaint);
  }

  void check_name() const {
    const auto allowed = [](unsigned char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-';
    };
    if (name_.empty() || name_.size() > kLongestName || !std::all_of(name_.begin(), name_.end(), allowed))
      fail(node_, "its name becomes part of file names: expected at most 64 letters, digits, _ and -");
  }

  std::string text(const std::string& key, const toml::node& node) const {
    const auto* value = node.as_string();
    if (!value || value->get().empty()) fail(node, key + ": expected a text");
    return value->get();
  }

  void read_like(const toml::node& node) {
    const std::string name = text("like", node);
    const Definition* like = find_task(known_, name);
    if (!like) {
      std::string names;
      for (const Definition& task : known_) names += (names.empty() ? "" : ", ") + task.name;
      fail(node, "like = \"" + name + "\": expected a task that is known here, out of " + names);
    }
    made_ = *like;
    made_.name = name_;
  }

  Over read_over(const toml::node& node) const {
    const std::string word = text("over", node);
    if (word == "records") return Over::records;
    if (word == "queries") return Over::queries;
    fail(node, "over = \"" + word + "\": expected records or queries");
  }

  std::string field(const std::string& key, const toml::node& node, std::initializer_list<Kind> kinds) const {
    const std::string word = text(key, node);
    const Field* found = find_field(word, made_.over);
    const std::string named = key + " = \"" + word + "\": ";
    if (!found) fail(node, named + "expected a field, out of " + known_fields(made_.over));
    if (std::find(kinds.begin(), kinds.end(), found->kind) == kinds.end())
      fail(node,
           named + (found->kind == Kind::box ? "it is a box" : "it is not of the kind that belongs here"));
    return std::string(found->name);
  }

  std::string checked_template(const std::string& key, const toml::node& node) const {
    const std::string written = text(key, node);
    try {
      return text_of(parse_template(written, made_.over));
    } catch (const UsageError& error) {
      fail(node, key + ": " + error.what());
    }
  }

  void read_prompt(const toml::node& node) {
    const toml::table* wordings = node.as_table();
    if (!wordings) {
      made_.prompt = made_.release_prompt = checked_template("prompt", node);
      return;
    }
    for (const auto& [key, value] : *wordings) {
      const std::string wording(key.str());
      if (wording == "paper") {
        made_.prompt = checked_template("prompt.paper", value);
      } else if (wording == "release") {
        made_.release_prompt = checked_template("prompt.release", value);
      } else {
        fail(value, "prompt." + wording + ": expected prompt.paper or prompt.release");
      }
    }
  }

  void read_target_rule(const toml::node& node) {
    const std::string word = text("target_rule", node);
    if (word != "fixed" && word != "open")
      fail(node, "target_rule = \"" + word + "\": expected fixed or open");
    made_.target_rule = word == "open" ? TargetRule::open : TargetRule::fixed;
  }

  void read_limit(const toml::node& node) {
    const auto* value = node.as_integer();
    if (!value || value->get() < 1 || value->get() > kMostTokens)
      fail(node, "max_new_tokens: expected an integer of at least 1 and at most 4,096");
    made_.max_new_tokens = value->get();
  }

  std::vector<std::string> texts(const std::string& key, const toml::node& node) const {
    std::vector<std::string> found;
    if (const toml::array* array = node.as_array()) {
      for (const toml::node& element : *array) found.push_back(text(key, element));
    } else {
      found.push_back(text(key, node));
    }
    if (found.empty()) fail(node, key + ": expected at least one text");
    return found;
  }

  // `node` under the dotted name `key`: a field's condition, or a table with longer names.
  void read_filter(const std::string& key, const toml::node& node) {
    const std::string named = "filter." + key;
    const Field* found = find_field(key, Over::records);
    const toml::table* table = node.as_table();
    if (!found && table && !table->empty()) {
      for (const auto& [word, value] : *table)
        read_filter((key.empty() ? "" : key + ".") + std::string(word.str()), value);
      return;
    }
    if (!found || found->kind == Kind::box)
      fail(node, named + ": expected a field with text, out of " + known_fields(Over::records));
    Filter filter{std::string(found->name), false, {}};
    if (table) {
      const toml::node* part = table->get("contains");
      if (!part || table->size() != 1)
        fail(node, named + ": expected a text, a list of texts, or {contains = text or list}");
      filter.contains = true;
      filter.texts = texts(named + ".contains", *part);
    } else {
      filter.texts = texts(named, node);
    }
    made_.filters.push_back(std::move(filter));
  }

  void read_key(const std::string& key, const toml::node& node) {
    if (key == "like" || key == "over") return;  // read already
    if (key == "prompt") return read_prompt(node);
    if (key == "target_rule") return read_target_rule(node);
    if (key == "max_new_tokens") return read_limit(node);
    if (key == "item_id") {
      made_.item_id = field(key, node, {Kind::text});
    } else if (key == "blue_box") {
      made_.blue_box = field(key, node, {Kind::box});
    } else if (key == "references") {
      made_.references = field(key, node, {Kind::text, Kind::texts});
    } else if (key == "target") {
      made_.target = checked_template(key, node);
    } else if (key == "metric") {
      made_.metric = text(key, node);
    } else if (key == "mask_text") {
      if (!node.is_boolean()) fail(node, "mask_text: expected true or false");
      made_.mask_text = node.as_boolean()->get();
    } else if (key == "filter") {
      if (!node.is_table())
        fail(node, "filter: expected filter.FIELD = text, list of texts, or {contains = ...}");
      made_.filters.clear();
      read_filter("", node);
    } else {
      fail(node, "unknown key " + key +
                     ": expected like, over, prompt, item_id, blue_box, mask_text, target_rule, target, "
                     "references, metric, max_new_tokens or filter");
    }
  }

  // What belongs together, once everything is read.
  void check_whole() const {
    const bool ranks = made_.over == Over::queries;
    const auto want_of = [&](const char* key, bool good, const std::string& complaint) {
      const toml::node* written = node_.as_table()->get(key);  // none: `like` has it
      if (!good) fail(written ? *written : node_, complaint);
    };
    const auto want = [&](bool good, const std::string& complaint) {
      if (!good) fail(node_, complaint);
    };
    want(!made_.prompt.empty() && !made_.release_prompt.empty(),
         "no prompt: expected a text, or prompt.paper and prompt.release");
    want_of("metric", find_metric(made_.metric, ranks),
            "metric = \"" + made_.metric + "\": expected " + (ranks ? "over queries " : "over records ") +
                "one of " + known_metrics(ranks));
    const bool open = made_.target_rule == TargetRule::open;
    want_of("target", open == made_.target.empty(),
            open ? "target: a task with an open target has none: its references are"
                 : "no target: expected a text, with {FIELD} where it varies");
    if (!ranks)
      return want(!made_.references.empty(), "no references: expected a field to compare answers with");
    want_of("target", made_.target == "Yes",
            "target: candidates are ranked by the probability of Yes, expected \"Yes\"");
    want(made_.references.empty() && made_.item_id.empty() && made_.blue_box.empty() && !made_.mask_text &&
             made_.filters.empty() && !made_.max_new_tokens,
         "over queries there is no references, item_id, blue_box, mask_text, max_new_tokens or filter");
    for (const std::string& prompt : {made_.prompt, made_.release_prompt})
      want_of("prompt", prompt.find("{candidate.text}") != std::string::npos,
              "prompt: expected {candidate.text} in it, or all candidates look alike");
  }

  const std::string& file_;
  std::string name_;
  const toml::node& node_;
  const std::vector<Definition>& known_;
  Definition made_;
};

nlohmann::ordered_json json_of(const Filter& filter) {
  return {{"field", filter.field}, {filter.contains ? "contains" : "is", filter.texts}};
}

}  // namespace

std::string to_json(const Definition& definition) {
  nlohmann::ordered_json json{
      {"name", definition.name},
      {"over", definition.over == Over::queries ? "queries" : "records"},
      {"prompt", {{"paper", definition.prompt}, {"release", definition.release_prompt}}},
      {"item_id", definition.item_id},
      {"blue_box", definition.blue_box},
      {"mask_text", definition.mask_text},
      {"target_rule", definition.target_rule == TargetRule::open ? "open" : "fixed"},
      {"target", definition.target},
      {"references", definition.references},
      {"metric", definition.metric}};
  json["max_new_tokens"] = nullptr;
  if (definition.max_new_tokens) json["max_new_tokens"] = *definition.max_new_tokens;
  json["filter"] = nlohmann::ordered_json::array();
  for (const Filter& filter : definition.filters) json["filter"].push_back(json_of(filter));
  return json.dump();
}

std::vector<Definition> with_tasks(std::vector<Definition> known, std::string_view text,
                                   const std::string& file) {
  toml::table root;
  try {
    root = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw UsageError(file + ":" + std::to_string(error.source().begin.line) +
                     ": not TOML: " + std::string(error.description()));
  }
  std::vector<std::pair<std::string, const toml::node*>> in_order;  // a table keeps its keys sorted
  for (const auto& [name, node] : root) in_order.emplace_back(std::string(name.str()), &node);
  std::stable_sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) {
    return a.second->source().begin.line < b.second->source().begin.line;
  });
  for (const auto& [name, node] : in_order) {
    Definition made = Reader(file, name, *node, known).read();
    const auto same =
        std::find_if(known.begin(), known.end(), [&](const Definition& d) { return d.name == made.name; });
    if (same == known.end()) {
      known.push_back(std::move(made));
    } else {
      *same = std::move(made);
    }
  }
  return known;
}

std::vector<Definition> with_tasks_of(std::vector<Definition> known, const std::filesystem::path& file) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const DataError& error) {
    throw UsageError(std::string(error.what()) + "; expected a TOML file of tasks, as configs/tasks.toml is");
  }
  return with_tasks(std::move(known), text, file.string());
}

const std::vector<Definition>& built_in_tasks() {
  static const std::vector<Definition> tasks = with_tasks({}, kBuiltInTasks, "configs/tasks.toml (built in)");
  return tasks;
}

const Definition* find_task(std::span<const Definition> known, std::string_view name) {
  for (const Definition& task : known) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

std::vector<std::string> names_of(std::span<const Definition> tasks) {
  std::vector<std::string> names;
  for (const Definition& task : tasks) names.push_back(task.name);
  return names;
}

}  // namespace hones::task
