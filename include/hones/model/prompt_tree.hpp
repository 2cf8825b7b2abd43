// Prompts about one picture as ONE packed sequence: what their ids share is the trunk, the rest are branches,
// each with the draft of its answer behind it (docs/design.md, savings 3 and 4).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <hones/model/sequence.hpp>

namespace hones::model {

struct PromptTree {
  // Where one prompt lies in the packed sequence.
  struct Prompt {
    std::int64_t length = 0;          // positions of the prompt, the trunk's included
    std::int64_t next_position = 0;   // of the first id behind it
    std::int64_t begin = 0;           // packed index of its first position behind the trunk
    std::vector<std::int64_t> draft;  // ids the answer is expected to be; the last one is never read
    std::vector<std::int64_t> read;   // packed indices: last prompt position, then the draft's
    std::int64_t drafted() const { return static_cast<std::int64_t>(read.size()) - 1; }
  };

  std::vector<std::int64_t> ids;   // packed
  std::vector<text::Span> images;  // packed, of the trunk
  std::int64_t trunk = 0;          // ids of the trunk
  Sequence sequence;
  std::vector<Prompt> prompts;

  std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
  // Packed indices of the first `count` positions of prompt `which` and its draft, in order.
  std::vector<std::int64_t> path(std::size_t which, std::int64_t count) const;
};

inline std::vector<const text::Prompt*> pointers(const std::vector<text::Prompt>& prompts) {
  std::vector<const text::Prompt*> all;
  for (const text::Prompt& prompt : prompts) all.push_back(&prompt);
  return all;
}

// One prompt is one segment. Several share the longest common prefix of their ids, at most `most_shared`
// positions, and never a whole prompt. drafts: one per prompt, empty where nothing is generated. The prompts
// show the same picture: their positions agree where their ids do.
PromptTree make_tree(const std::vector<const text::Prompt*>& prompts,
                     const std::vector<std::vector<std::int64_t>>& drafts,
                     std::int64_t most_shared = std::numeric_limits<std::int64_t>::max());

}  // namespace hones::model
