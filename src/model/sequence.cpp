#include <hones/base/error.hpp>
#include <hones/model/sequence.hpp>

namespace hones::model {

at::Tensor answer_positions(std::int64_t axes, std::int64_t next, std::int64_t count) {
  return at::arange(next, next + count, at::kLong).unsqueeze(0).expand({axes, count});
}

Sequence sequence_of(const text::Prompt& prompt, std::int64_t answer) {
  std::vector<at::Tensor> axes;
  for (const auto& axis : prompt.positions) {
    HONES_ASSERT(std::ssize(axis) == prompt.length(), "a prompt with positions of another length");
    axes.push_back(at::tensor(axis, at::kLong));
  }
  const auto count = std::ssize(prompt.positions);
  Sequence sequence;
  sequence.positions = at::cat({at::stack(axes), answer_positions(count, prompt.next_position, answer)}, 1);
  sequence.segments = {{-1, 0, prompt.length() + answer}};
  return sequence;
}

Sequence part_of(const Sequence& sequence, std::int64_t first, std::int64_t length) {
  HONES_ASSERT(sequence.segments.size() == 1, "a part of a tree");
  return {sequence.positions.narrow(1, first, length), {{-1, 0, length}}};
}

at::Tensor attention_mask(const Sequence& sequence, std::int64_t past) {
  const std::int64_t T = sequence.length();
  if (sequence.segments.size() == 1 && past == 0) return {};
  at::Tensor mask = at::zeros({T, past + T}, at::kBool);
  if (past > 0) mask.narrow(1, 0, past).fill_(true);
  for (const Segment& segment : sequence.segments) {
    HONES_ASSERT(segment.begin >= 0 && segment.begin + segment.length <= T, "segment beyond the sequence");
    at::Tensor rows = mask.narrow(0, segment.begin, segment.length);
    rows.narrow(1, past + segment.begin, segment.length)
        .copy_(at::ones({segment.length, segment.length}, at::kBool).tril());
    for (std::int64_t ancestor = segment.parent; ancestor >= 0;) {
      const Segment& above = sequence.segments.at(static_cast<std::size_t>(ancestor));
      rows.narrow(1, past + above.begin, above.length).fill_(true);
      ancestor = above.parent;
    }
  }
  return mask;
}

}  // namespace hones::model
