#include "fields.hpp"

#include <array>

#include <hones/base/error.hpp>

namespace hones::task {

namespace {

using benchmark::Candidate;
using benchmark::Query;
using benchmark::Record;
using Texts = std::vector<std::string>;

template <typename Part>
Texts text_in(const std::optional<Part>& part, std::string Part::*member) {
  return part ? Texts{*part.*member} : Texts{};
}

// A box has no text; that it is there is what counts.
constexpr std::array kFields{
    Field{"image_id", Kind::text, [](const Record& r) { return Texts{r.image_id}; },
          [](const Query& q, const Candidate&) { return Texts{q.image_id}; }},
    Field{"file_name", Kind::text, [](const Record& r) { return Texts{r.file_name}; },
          [](const Query& q, const Candidate&) { return Texts{q.file_name}; }},
    Field{"vqa.question_id", Kind::text,
          [](const Record& r) { return text_in(r.vqa, &benchmark::VqaItem::question_id); }, nullptr},
    Field{"vqa.question", Kind::text,
          [](const Record& r) { return text_in(r.vqa, &benchmark::VqaItem::question); }, nullptr},
    Field{"vqa.answers", Kind::texts, [](const Record& r) { return r.vqa ? r.vqa->answers : Texts{}; },
          nullptr},
    Field{"vqa.target", Kind::text,
          [](const Record& r) { return text_in(r.vqa, &benchmark::VqaItem::target); }, nullptr},
    Field{"vqa.question_type", Kind::text,
          [](const Record& r) { return text_in(r.vqa, &benchmark::VqaItem::question_type); }, nullptr},
    Field{"vqa.answer_type", Kind::text,
          [](const Record& r) { return text_in(r.vqa, &benchmark::VqaItem::answer_type); }, nullptr},
    Field{"ocr.ann_id", Kind::text,
          [](const Record& r) { return text_in(r.ocr, &benchmark::OcrItem::ann_id); }, nullptr},
    Field{"ocr.text", Kind::text, [](const Record& r) { return text_in(r.ocr, &benchmark::OcrItem::text); },
          nullptr},
    Field{"ocr.bbox", Kind::box, [](const Record& r) { return r.ocr ? Texts{""} : Texts{}; }, nullptr},
    Field{"captions", Kind::texts,
          [](const Record& r) {
            Texts texts;
            for (const benchmark::Caption& caption : r.captions) texts.push_back(caption.text);
            return texts;
          },
          nullptr},
    Field{"candidate.text", Kind::text, nullptr,
          [](const Query&, const Candidate& c) { return Texts{c.text}; }},
};

bool belongs(const Field& field, Over over) {
  return over == Over::records ? field.of_record != nullptr : field.of_candidate != nullptr;
}

}  // namespace

const Field* find_field(std::string_view word, Over over) {
  const Field* found = nullptr;
  for (const Field& field : kFields) {
    if (!belongs(field, over)) continue;
    if (field.name == word) return &field;
    if (field.name.substr(field.name.find('.') + 1) != word) continue;
    if (found) return nullptr;  // two end in it
    found = &field;
  }
  return found;
}

std::string known_fields(Over over) {
  std::string names;
  for (const Field& field : kFields) {
    if (belongs(field, over)) names += (names.empty() ? "" : ", ") + std::string(field.name);
  }
  return names;
}

Template parse_template(const std::string& text, Over over) {
  Template parts(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      parts.back().before += c;
    } else if (at + 1 < text.size() && text[at + 1] == c) {
      parts.back().before += c;
      ++at;
    } else {
      const std::size_t end = c == '{' ? text.find('}', at) : std::string::npos;
      if (end == std::string::npos)
        throw UsageError(std::string("a single ") + c + ": expected {FIELD}, or {{ and }} for braces");
      const std::string word = text.substr(at + 1, end - at - 1);
      const Field* field = find_field(word, over);
      if (!field || field->kind != Kind::text)
        throw UsageError("{" + word + "}: expected a field of one text, out of " + known_fields(over));
      parts.back().field = field;
      parts.emplace_back();
      at = end;
    }
  }
  return parts;
}

std::string text_of(const Template& parts) {
  std::string text;
  for (const Part& part : parts) {
    for (const char c : part.before) text += c == '{' || c == '}' ? std::string(2, c) : std::string(1, c);
    if (part.field) text += "{" + std::string(part.field->name) + "}";
  }
  return text;
}

}  // namespace hones::task
