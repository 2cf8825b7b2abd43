#include <hones/base/error.hpp>
#include <hones/model/sequence.hpp>

namespace hones::model {

Sequence linear_sequence(std::int64_t length, std::int64_t first, std::int64_t axes) {
  Sequence sequence;
  sequence.positions = at::arange(first, first + length, at::kLong).unsqueeze(0).expand({axes, length});
  sequence.segments = {{-1, 0, length}};
  return sequence;
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
