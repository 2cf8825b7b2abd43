#include <algorithm>
#include <array>
#include <span>

#include <hones/base/error.hpp>
#include <hones/text/prompt.hpp>

namespace hones::text {

namespace {

std::string render(const ChatTemplate& chat, std::string_view user_text) {
  return chat.before + std::string(user_text) + chat.after;
}

// The id of the image token, which must be one token of its own.
std::int64_t image_id(const Tokenizer& tokenizer, const ChatTemplate& chat) {
  const auto id = tokenizer.id_of(chat.image_token);
  if (!id) throw DataError("tokenizer.json has no token " + chat.image_token);
  return *id;
}

// One image id becomes `count`; `required` says whether there must be one.
EncodedTurn expand(std::string rendered, const std::vector<std::int64_t>& ids, std::int64_t image,
                   const ChatTemplate& chat, std::size_t count, bool required) {
  HONES_ASSERT(count >= 1, "image_tokens is 0");
  const auto found = std::count(ids.begin(), ids.end(), image);
  if (found > 1 || (required && found == 0)) {
    throw DataError("the prompt holds " + chat.image_token + " " + std::to_string(found) +
                    " times; expected once");
  }
  EncodedTurn turn{std::move(rendered), {}, {}};
  for (const std::int64_t id : ids) {
    if (id == image) turn.images.push_back({std::ssize(turn.ids), static_cast<std::int64_t>(count)});
    turn.ids.insert(turn.ids.end(), id == image ? count : 1, id);
  }
  return turn;
}

// Unicode white space, decoded by hand: this is the only place that needs it.
std::size_t blank_at(std::string_view text, std::size_t at) {
  static constexpr std::array<std::string_view, 25> kBlanks{
      "\t",           "\n",           "\v",           "\f",           "\r",           " ",
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
      "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
      "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F",
      "\xE3\x80\x80"};
  for (const std::string_view blank : kBlanks) {
    if (text.substr(at).starts_with(blank)) return blank.size();
  }
  return 0;
}

std::string_view trimmed(std::string_view text) {
  while (const std::size_t length = text.empty() ? 0 : blank_at(text, 0)) text.remove_prefix(length);
  const auto ends_blank = [&]() -> std::size_t {
    for (std::size_t length = 1; length <= std::min<std::size_t>(3, text.size()); ++length) {
      if (blank_at(text, text.size() - length) == length) return length;
    }
    return 0;
  };
  while (const std::size_t length = ends_blank()) text.remove_suffix(length);
  return text;
}

}  // namespace

EncodedTurn encode_turn(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view user_text,
                        std::size_t image_tokens, bool allow_special_in_text) {
  std::string rendered = render(chat, user_text);
  const std::array<ByteRange, 1> user{{{chat.before.size(), chat.before.size() + user_text.size()}}};
  const auto literal =
      allow_special_in_text ? std::span<const ByteRange>{} : std::span<const ByteRange>(user);
  const auto ids = tokenizer.encode(rendered, true, literal);
  return expand(std::move(rendered), ids, image_id(tokenizer, chat), chat, image_tokens, true);
}

EncodedTurn encode_rendered(const Tokenizer& tokenizer, const ChatTemplate& chat, std::string_view rendered,
                            std::size_t image_tokens) {
  return expand(std::string(rendered), tokenizer.encode(rendered), image_id(tokenizer, chat), chat,
                image_tokens, false);
}

std::vector<std::int64_t> answer_ids(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                     std::string_view user_text, std::string_view answer) {
  const std::string rendered = render(chat, user_text);
  const std::string whole = rendered + chat.answer_separator + std::string(answer);
  // Question and answer both come from data.
  const std::array<ByteRange, 2> data{{{chat.before.size(), chat.before.size() + user_text.size()},
                                       {rendered.size() + chat.answer_separator.size(), whole.size()}}};
  const auto before = tokenizer.encode(rendered, true, std::span(data).first(1));
  const auto all = tokenizer.encode(whole, true, data);
  if (all.size() <= before.size() || !std::equal(before.begin(), before.end(), all.begin())) {
    throw DataError("no ids for the answer \"" + std::string(answer) +
                    "\": the prompt's own ids change when it follows");
  }
  return {all.begin() + static_cast<std::ptrdiff_t>(before.size()), all.end()};
}

std::string answer_text(const Tokenizer& tokenizer, std::span<const std::int64_t> ids) {
  const std::string decoded = tokenizer.decode(ids, true);
  const std::string_view text = trimmed(decoded);
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace hones::text
