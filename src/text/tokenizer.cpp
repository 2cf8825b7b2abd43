#include <algorithm>

#include <hones/base/error.hpp>
#include <hones/base/utf8.hpp>

#include "tokenizer_impl.hpp"

namespace hones::text {

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, bool add_special,
                                            std::span<const ByteRange> literal) const {
  if (!valid_utf8(text)) throw DataError("text is not valid UTF-8");
  // BPE and ICU count in 32 bits.
  if (text.size() > (std::size_t{1} << 26)) throw DataError("text of more than 64 MiB");
  std::vector<std::int64_t> ids;
  if (add_special) ids = impl_->prefix;
  const Piece whole = piece_of(text, 0, text.size());
  for (const Stretch& outer : impl_->raw.cut(whole, literal)) {
    if (outer.id >= 0) {
      ids.push_back(outer.id);
      continue;
    }
    Piece piece = part_of(whole, outer.begin, outer.end);
    normalize(piece, impl_->normalizer);
    for (const Stretch& inner : impl_->normalized.cut(piece, literal)) {
      if (inner.id >= 0) {
        ids.push_back(inner.id);
      } else if (impl_->pre_tokenizer) {
        for (const Piece& word : apply(*impl_->pre_tokenizer, part_of(piece, inner.begin, inner.end))) {
          impl_->model.encode(word.text, ids);
        }
      } else {
        impl_->model.encode(std::string_view(piece.text).substr(inner.begin, inner.end - inner.begin), ids);
      }
    }
  }
  if (add_special) ids.insert(ids.end(), impl_->suffix.begin(), impl_->suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids, bool skip_special) const {
  std::vector<std::string> tokens;
  for (const std::int64_t id : ids) {
    const auto found = impl_->tokens.find(id);
    if (found != impl_->tokens.end() && !(skip_special && found->second.special))
      tokens.push_back(found->second.text);
  }
  return text::decode(std::move(tokens), impl_->decoder);
}

std::optional<std::int64_t> Tokenizer::id_of(std::string_view token) const {
  if (const auto found = impl_->added_ids.find(token); found != impl_->added_ids.end()) return found->second;
  if (const auto found = impl_->model.vocabulary.find(token); found != impl_->model.vocabulary.end())
    return found->second;
  return std::nullopt;
}

std::size_t Tokenizer::vocabulary_size() const {
  return impl_->size;
}

}  // namespace hones::text
