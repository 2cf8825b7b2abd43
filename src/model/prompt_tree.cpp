#include <algorithm>
#include <numeric>

#include <hones/base/error.hpp>
#include <hones/model/prompt_tree.hpp>

namespace hones::model {

namespace {

std::int64_t shared_prefix(const std::vector<const text::Prompt*>& prompts, std::int64_t most) {
  const std::vector<std::int64_t>& first = prompts.front()->ids;
  auto shared = std::ssize(first);
  for (const text::Prompt* prompt : prompts) {
    const auto [left, right] =
        std::mismatch(first.begin(), first.end(), prompt->ids.begin(), prompt->ids.end());
    shared = std::min({shared, left - first.begin(), prompt->length() - 1});
  }
  return std::min<std::int64_t>(shared, most);
}

// Ids and positions as they are packed.
struct Packing {
  std::vector<std::int64_t> ids;
  std::vector<std::vector<std::int64_t>> positions;  // [axes][T]

  void push(const text::Prompt& prompt, std::int64_t index) {
    ids.push_back(prompt.ids[static_cast<std::size_t>(index)]);
    for (std::size_t axis = 0; axis < positions.size(); ++axis)
      positions[axis].push_back(prompt.positions[axis][static_cast<std::size_t>(index)]);
  }
  void push(std::int64_t id, std::int64_t position) {
    ids.push_back(id);
    for (auto& axis : positions) axis.push_back(position);
  }
};

}  // namespace

std::vector<std::int64_t> PromptTree::path(std::size_t which, std::int64_t count) const {
  const Prompt& prompt = prompts.at(which);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(count));
  const auto in_trunk = std::min(count, prompt.begin == 0 ? 0 : trunk);
  std::iota(indices.begin(), indices.begin() + in_trunk, 0);
  std::iota(indices.begin() + in_trunk, indices.end(), prompt.begin);
  return indices;
}

PromptTree make_tree(const std::vector<const text::Prompt*>& prompts,
                     const std::vector<std::vector<std::int64_t>>& drafts, std::int64_t most_shared) {
  HONES_ASSERT(!prompts.empty() && prompts.size() == drafts.size(), "one draft per prompt");
  const text::Prompt& first = *prompts.front();
  const bool several = prompts.size() > 1;
  const std::int64_t shared = several ? shared_prefix(prompts, most_shared) : 0;
  PromptTree tree;
  Packing packed{{}, std::vector<std::vector<std::int64_t>>(first.positions.size())};
  if (several) {
    for (std::int64_t t = 0; t < shared; ++t) packed.push(first, t);
    tree.sequence.segments.push_back({-1, 0, shared});
  }
  for (std::size_t which = 0; which < prompts.size(); ++which) {
    const text::Prompt& own = *prompts[which];
    HONES_ASSERT(own.length() >= 1, "an empty prompt");
    PromptTree::Prompt prompt;
    prompt.length = own.length();
    prompt.next_position = own.next_position;
    prompt.begin = std::ssize(packed.ids);
    prompt.draft = drafts[which];
    for (std::int64_t t = shared; t < own.length(); ++t) packed.push(own, t);
    prompt.read.push_back(std::ssize(packed.ids) - 1);
    for (std::size_t j = 0; j + 1 < prompt.draft.size(); ++j) {
      packed.push(prompt.draft[j], own.next_position + static_cast<std::int64_t>(j));
      prompt.read.push_back(std::ssize(packed.ids) - 1);
    }
    tree.sequence.segments.push_back({several ? 0 : -1, prompt.begin, std::ssize(packed.ids) - prompt.begin});
    tree.prompts.push_back(std::move(prompt));
  }
  tree.trunk = several ? shared : first.length();
  for (const text::Span& image : first.images) {
    if (image.end() <= tree.trunk) tree.images.push_back(image);
  }
  std::vector<at::Tensor> axes;
  for (const auto& axis : packed.positions) axes.push_back(at::tensor(axis, at::kLong));
  tree.sequence.positions = at::stack(axes);
  tree.ids = std::move(packed.ids);
  return tree;
}

}  // namespace hones::model
