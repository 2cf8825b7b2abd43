#include <algorithm>
#include <numeric>

#include <hones/base/error.hpp>
#include <hones/model/prompt_tree.hpp>

namespace hones::model {

namespace {

std::int64_t shared_prefix(const std::vector<std::vector<std::int64_t>>& prompts, std::int64_t most) {
  auto shared = static_cast<std::int64_t>(prompts.front().size());
  for (const auto& prompt : prompts) {
    const auto [left, right] =
        std::mismatch(prompts.front().begin(), prompts.front().end(), prompt.begin(), prompt.end());
    shared = std::min({shared, static_cast<std::int64_t>(left - prompts.front().begin()),
                       static_cast<std::int64_t>(prompt.size()) - 1});
  }
  return std::min(shared, most);
}

}  // namespace

std::vector<std::int64_t> PromptTree::path(std::size_t which, std::int64_t count) const {
  const Prompt& prompt = prompts.at(which);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  const auto in_trunk = std::min(count, prompt.begin == 0 ? 0 : trunk);
  std::iota(indices.begin(), indices.begin() + in_trunk, 0);
  std::iota(indices.begin() + in_trunk, indices.end(), prompt.begin);
  return indices;
}

PromptTree make_tree(const std::vector<std::vector<std::int64_t>>& prompts,
                     const std::vector<std::vector<std::int64_t>>& drafts, std::int64_t most_shared) {
  HONES_ASSERT(!prompts.empty() && prompts.size() == drafts.size(), "one draft per prompt");
  PromptTree tree;
  const bool several = prompts.size() > 1;
  const std::int64_t shared = several ? shared_prefix(prompts, most_shared) : 0;
  std::vector<std::int64_t> positions;
  const auto push = [&](std::int64_t id, std::int64_t position) {
    tree.ids.push_back(id);
    positions.push_back(position);
  };
  if (several) {
    for (std::int64_t t = 0; t < shared; ++t) push(prompts.front()[static_cast<std::size_t>(t)], t);
    tree.sequence.segments.push_back({-1, 0, shared});
  }
  for (std::size_t which = 0; which < prompts.size(); ++which) {
    const auto length = static_cast<std::int64_t>(prompts[which].size());
    HONES_ASSERT(length >= 1, "an empty prompt");
    PromptTree::Prompt prompt;
    prompt.length = length;
    prompt.begin = tree.length();
    prompt.draft = drafts[which];
    for (std::int64_t t = shared; t < length; ++t) push(prompts[which][static_cast<std::size_t>(t)], t);
    prompt.read.push_back(tree.length() - 1);
    for (std::size_t j = 0; j + 1 < prompt.draft.size(); ++j) {
      push(prompt.draft[j], length + static_cast<std::int64_t>(j));
      prompt.read.push_back(tree.length() - 1);
    }
    tree.sequence.segments.push_back({several ? 0 : -1, prompt.begin, tree.length() - prompt.begin});
    tree.prompts.push_back(std::move(prompt));
  }
  tree.trunk = several ? shared : static_cast<std::int64_t>(prompts.front().size());
  tree.sequence.positions = at::tensor(positions, at::kLong).unsqueeze(0);
  return tree;
}

}  // namespace hones::model
