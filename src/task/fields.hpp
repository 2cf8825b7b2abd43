// Fields of the benchmark's records that a task may name, and templates made of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hones/benchmark/records.hpp>
#include <hones/task/definition.hpp>

namespace hones::task {

enum class Kind { text, texts, box };

// `texts` gives the field's text or texts, none where a record lacks it. A field of queries is one of the
// candidate whose prompt is made.
struct Field {
  std::string_view name;
  Kind kind;
  std::vector<std::string> (*of_record)(const benchmark::Record&);
  std::vector<std::string> (*of_candidate)(const benchmark::Query&, const benchmark::Candidate&);
};

// By its full name, or by its last word where no other field ends in it; null: not a field there.
const Field* find_field(std::string_view word, Over over);
// "vqa.question, vqa.answers, ..."
std::string known_fields(Over over);

struct Part {
  std::string before;            // ordinary text
  const Field* field = nullptr;  // what follows it; null: nothing
};
using Template = std::vector<Part>;

// Throws UsageError with the complaint alone: a brace without its fellow, a word that is no field of one
// text.
Template parse_template(const std::string& text, Over over);
// The text again, fields by their full names.
std::string text_of(const Template& parts);

// The template with every field's text in place of it. `texts(field)` must give exactly one.
template <typename Texts>
std::string expand(const Template& parts, Texts texts) {
  std::string text;
  for (const Part& part : parts) text += part.before + (part.field ? texts(*part.field) : std::string());
  return text;
}

}  // namespace hones::task
