// Reading tokenizer.json. A component or an option that this program does not do is an error: ids that are
// nearly right are worse than none.
#include <algorithm>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/base/utf8.hpp>

#include "tokenizer_impl.hpp"

namespace hones::text {

namespace {

using nlohmann::json;

constexpr std::int64_t kMaxId = std::int64_t{1} << 24;

class Loader {
 public:
  explicit Loader(const std::filesystem::path& file) : file_(file) {}

  void load(Contents& tokenizer, const json& document) const {
    if (!document.is_object()) fail("", "is not a JSON object");
    load_model(tokenizer.model, part(document, "model"));
    load_normalizer(tokenizer.normalizer, part(document, "normalizer"), "normalizer");
    load_pre_tokenizer(tokenizer.pre_tokenizer, part(document, "pre_tokenizer"));
    load_decoder(tokenizer.decoder, part(document, "decoder"), "decoder");
    load_tokens(tokenizer, part(document, "added_tokens"));
    load_post_processor(tokenizer, part(document, "post_processor"));  // its ids are those of tokens
  }

 private:
  [[noreturn]] void fail(const std::string& place, const std::string& what) const {
    throw DataError(file_.string() + ": " + place + (place.empty() ? "" : " ") + what);
  }

  static const json& part(const json& object, const char* name) {
    static const json kNull;
    const auto it = object.find(name);
    return it == object.end() ? kNull : *it;
  }
  const std::string& text(const json& object, const char* name, const std::string& place) const {
    const json& value = part(object, name);
    if (!value.is_string()) fail(place, std::string("has no string ") + name);
    return value.get_ref<const std::string&>();
  }
  bool flag(const json& object, const char* name, bool otherwise, const std::string& place) const {
    const json& value = part(object, name);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) fail(place, std::string(name) + " is not true or false");
    return value.get<bool>();
  }
  std::int32_t id(const json& value, const std::string& place) const {
    if (!value.is_number_integer() || value < 0 || value >= kMaxId)
      fail(place, "has an id that is not an integer below 2^24");
    return value.get<std::int32_t>();
  }
  std::string type(const json& component, const std::string& place) const {
    if (!component.is_object()) fail(place, "is not an object");
    return text(component, "type", place);
  }
  // A string pattern of Replace; regular expressions are not done.
  std::string pattern(const json& component, const std::string& place) const {
    const json& value = part(component, "pattern");
    if (!value.is_object() || !part(value, "String").is_string() || part(value, "String") == "") {
      fail(place, "Replace: the pattern is not a (non-empty) String");
    }
    return value["String"].get<std::string>();
  }
  const json& list(const json& component, const char* name, const std::string& place) const {
    const json& value = part(component, name);
    if (!value.is_array()) fail(place, std::string("has no list ") + name);
    return value;
  }

  void load_model(Bpe& bpe, const json& model) const {
    const std::string place = "model";
    if (!model.is_object()) fail(place, "is missing");
    if (const json& kind = part(model, "type"); !kind.is_null() && kind != "BPE")
      fail(place, "type is not BPE");
    if (const json& dropout = part(model, "dropout"); !dropout.is_null() && dropout != 0.0)
      fail(place, "dropout is set");
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const json& value = part(model, affix); !value.is_null() && value != "")
        fail(place, std::string(affix) + " is set");
    }
    bpe.byte_fallback = flag(model, "byte_fallback", false, place);
    bpe.fuse_unknown = flag(model, "fuse_unk", false, place);
    bpe.ignore_merges = flag(model, "ignore_merges", false, place);
    const json& vocabulary = part(model, "vocab");
    if (!vocabulary.is_object() || vocabulary.empty()) fail(place, "has no object vocab");
    for (const auto& [piece, value] : vocabulary.items())
      bpe.vocabulary.emplace(piece, id(value, "model.vocab " + piece));
    if (const json& unknown = part(model, "unk_token"); !unknown.is_null()) {
      const auto found = bpe.vocabulary.find(text(model, "unk_token", place));
      if (found == bpe.vocabulary.end()) fail(place, "unk_token is not in the vocabulary");
      bpe.unknown = found->second;
    }
    load_merges(bpe, list(model, "merges", place));
  }

  // "a b", or newer ["a", "b"].
  void load_merges(Bpe& bpe, const json& merges) const {
    std::int32_t rank = 0;
    for (const json& merge : merges) {
      const std::string place = "model.merges " + std::to_string(rank);
      std::string left, right;
      if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
        left = merge[0].get<std::string>();
        right = merge[1].get<std::string>();
      } else if (merge.is_string()) {
        const auto& both = merge.get_ref<const std::string&>();
        const std::size_t blank = both.find(' ');
        if (blank == std::string::npos || both.find(' ', blank + 1) != std::string::npos)
          fail(place, "is not two pieces");
        left = both.substr(0, blank);
        right = both.substr(blank + 1);
      } else {
        fail(place, "is not two pieces");
      }
      const auto a = bpe.vocabulary.find(left), b = bpe.vocabulary.find(right),
                 ab = bpe.vocabulary.find(left + right);
      if (a == bpe.vocabulary.end() || b == bpe.vocabulary.end() || ab == bpe.vocabulary.end()) {
        fail(place, "names a piece that is not in the vocabulary");
      }
      bpe.merges[Bpe::pair(a->second, b->second)] = {rank, ab->second};
      ++rank;
    }
  }

  // `depth`: a Sequence inside a Sequence is legal, a tower of them is not worth the stack.
  void load_normalizer(std::vector<NormalizerStep>& steps, const json& normalizer, const std::string& place,
                       int depth = 0) const {
    if (normalizer.is_null()) return;
    const std::string kind = type(normalizer, place);
    if (kind == "Sequence" && depth < 8) {
      for (const json& step : list(normalizer, "normalizers", place))
        load_normalizer(steps, step, place, depth + 1);
    } else if (kind == "Prepend") {
      steps.push_back({NormalizerStep::Kind::prepend, {}, text(normalizer, "prepend", place)});
    } else if (kind == "Replace") {
      steps.push_back(
          {NormalizerStep::Kind::replace, pattern(normalizer, place), text(normalizer, "content", place)});
    } else {
      fail(place, kind + " is not supported; Prepend and Replace are");
    }
  }

  void load_pre_tokenizer(std::optional<Metaspace>& target, const json& component) const {
    const std::string place = "pre_tokenizer";
    if (component.is_null()) return;
    if (const std::string kind = type(component, place); kind != "Metaspace") {
      fail(place, kind + " is not supported; Metaspace and none are");
    }
    Metaspace metaspace;
    metaspace.mark = text(component, "replacement", place);
    if (metaspace.mark.empty()) fail(place, "replacement is empty");
    metaspace.prepend = prepend_scheme(component, place);
    metaspace.split = flag(component, "split", true, place);
    target = metaspace;
  }

  Metaspace::Prepend prepend_scheme(const json& component, const std::string& place) const {
    if (const json& scheme = part(component, "prepend_scheme"); !scheme.is_null()) {
      if (scheme == "always") return Metaspace::Prepend::always;
      if (scheme == "first") return Metaspace::Prepend::first;
      if (scheme == "never") return Metaspace::Prepend::never;
      fail(place, "prepend_scheme is not always, first or never");
    }
    return flag(component, "add_prefix_space", true, place) ? Metaspace::Prepend::always
                                                            : Metaspace::Prepend::never;
  }

  void load_post_processor(Contents& tokenizer, const json& component) const {
    const std::string place = "post_processor";
    if (component.is_null()) return;
    if (const std::string kind = type(component, place); kind != "TemplateProcessing") {
      fail(place, kind + " is not supported; TemplateProcessing and none are");
    }
    bool text_seen = false;
    for (const json& item : list(component, "single", place)) {
      if (!item.is_object()) fail(place, "single has an entry that is not an object");
      if (item.contains("Sequence")) {
        if (text_seen) fail(place, "single has the text twice");
        text_seen = true;
      } else if (const json& special = part(item, "SpecialToken"); special.is_object()) {
        const json& all = part(component, "special_tokens");
        const json& entry = all.is_object() ? part(all, text(special, "id", place).c_str()) : all;
        if (!entry.is_object()) fail(place, "special_tokens lacks a token of single");
        for (const json& value : list(entry, "ids", place)) {
          const std::int64_t number = id(value, place);
          if (!tokenizer.tokens.contains(number))
            fail(place, "adds the id " + std::to_string(number) + ", which no token has");
          (text_seen ? tokenizer.suffix : tokenizer.prefix).push_back(number);
        }
      } else {
        fail(place, "single has an entry that is neither Sequence nor SpecialToken");
      }
    }
    if (!text_seen) fail(place, "single does not hold the text");
  }

  void load_decoder(std::vector<DecoderStep>& steps, const json& decoder, const std::string& place,
                    int depth = 0) const {
    if (decoder.is_null()) fail(place, "is missing");
    const std::string kind = type(decoder, place);
    DecoderStep step{};
    if (kind == "Sequence" && depth < 8) {
      for (const json& inner : list(decoder, "decoders", place)) load_decoder(steps, inner, place, depth + 1);
      return;
    }
    if (kind == "Replace") {
      step.kind = DecoderStep::Kind::replace;
      step.pattern = pattern(decoder, place);
      step.content = text(decoder, "content", place);
    } else if (kind == "ByteFallback") {
      step.kind = DecoderStep::Kind::byte_fallback;
    } else if (kind == "Fuse") {
      step.kind = DecoderStep::Kind::fuse;
    } else if (kind == "Strip") {
      step.kind = DecoderStep::Kind::strip;
      step.content = text(decoder, "content", place);
      if (step.content.empty() || character_at(step.content, 0) != step.content.size())
        fail(place, "Strip: content is not one character");
      step.start = static_cast<std::size_t>(id(part(decoder, "start"), place + " Strip"));
      step.stop = static_cast<std::size_t>(id(part(decoder, "stop"), place + " Strip"));
    } else if (kind == "Metaspace") {
      step.kind = DecoderStep::Kind::metaspace;
      step.content = text(decoder, "replacement", place);
      if (step.content.empty()) fail(place, "replacement is empty");
      step.drop_first = prepend_scheme(decoder, place) != Metaspace::Prepend::never;
    } else {
      fail(place, kind + " is not supported; Replace, ByteFallback, Fuse, Strip and Metaspace are");
    }
    steps.push_back(step);
  }

  void load_tokens(Contents& tokenizer, const json& added) const {
    const auto enter = [&](std::int64_t number, const std::string& content, bool special) {
      tokenizer.size = std::max(tokenizer.size, static_cast<std::size_t>(number) + 1);
      return tokenizer.tokens.emplace(number, Contents::Token{content, special}).second;
    };
    if (!added.is_null() && !added.is_array()) fail("added_tokens", "is not a list");
    for (const json& entry : added) {
      const std::string place = "added_tokens";
      if (!entry.is_object()) fail(place, "has an entry that is not an object");
      AddedToken token;
      token.content = text(entry, "content", place);
      token.id = id(part(entry, "id"), place + " " + token.content);
      token.single_word = flag(entry, "single_word", false, place);
      token.strip_left = flag(entry, "lstrip", false, place);
      token.strip_right = flag(entry, "rstrip", false, place);
      token.normalized = flag(entry, "normalized", true, place);
      token.special = flag(entry, "special", false, place);
      Piece sought = piece_of(token.content, 0, token.content.size());
      if (token.normalized) normalize(sought, tokenizer.normalizer);
      token.pattern = sought.text;
      // Decoding yields what was sought, as in the library since 0.23: a normalised token has its word mark.
      if (!enter(token.id, token.pattern, token.special))
        fail(place, "has the id " + std::to_string(token.id) + " twice");
      tokenizer.added_ids.emplace(token.content, token.id);
      (token.normalized ? tokenizer.normalized : tokenizer.raw).add(std::move(token));
    }
    std::vector<bool> used(static_cast<std::size_t>(kMaxId));
    for (const auto& [piece, number] : tokenizer.model.vocabulary) {
      if (used[static_cast<std::size_t>(number)])
        fail("model.vocab", "has the id " + std::to_string(number) + " twice");
      used[static_cast<std::size_t>(number)] = true;
      enter(number, piece, false);
    }
  }

  const std::filesystem::path& file_;
};

}  // namespace

Tokenizer Tokenizer::from_file(const std::filesystem::path& file) {
  auto impl = std::make_unique<Impl>();
  try {
    Loader(file).load(*impl, json::parse(read_file(file)));
  } catch (const json::exception& error) {
    throw DataError(file.string() + ": is not valid JSON: " + without_label(error.what()));
  }
  return Tokenizer(std::move(impl));
}

}  // namespace hones::text
