#include <hones/attribution/target.hpp>

namespace hones::attribution {

Target fixed_target(std::vector<std::int64_t> ids) {
  Target target;
  target.weights.assign(ids.size(), 1.0);
  target.ids = std::move(ids);
  return target;
}

std::vector<std::vector<std::int64_t>> reference_ids(const text::Tokenizer& tokenizer,
                                                     std::span<const std::string> references) {
  std::vector<std::vector<std::int64_t>> ids;
  for (const std::string& reference : references) {
    const text::ByteRange all{0, reference.size()};
    ids.push_back(tokenizer.encode(reference, /*add_special=*/false, std::span(&all, 1)));
  }
  return ids;
}

Target open_target(const text::Tokenizer& tokenizer, std::span<const std::string> references,
                   const metric::DocumentFrequency& frequency, choice::TargetJoin join) {
  std::vector<std::string> texts(references.begin(), references.end());
  if (join == choice::TargetJoin::release_join) {
    std::string joined;
    for (const std::string& reference : references) joined += (joined.empty() ? "" : " ") + reference;
    texts = {joined};
  }
  Target target;
  for (const auto& ids : reference_ids(tokenizer, texts)) {
    for (const std::int64_t id : ids) {
      if (target.ids.size() == kOpenTargetTokens) return target;
      target.ids.push_back(id);
      target.weights.push_back(frequency.idf(id));
    }
  }
  return target;
}

}  // namespace hones::attribution
