#include <hones/base/error.hpp>
#include <hones/model/vlm.hpp>

namespace hones::model {

at::Tensor Vlm::embed(std::span<const std::int64_t> ids, std::span<const text::Span> images,
                      const at::Tensor& features) const {
  at::Tensor embedded = decoder_.embed(ids);
  if (features.defined()) {
    std::vector<std::int64_t> slots;
    for (const text::Span& image : images) {
      for (std::int64_t i = image.begin; i < image.end(); ++i) slots.push_back(i);
    }
    HONES_ASSERT(std::ssize(slots) == features.size(0), std::to_string(slots.size()) + " image tokens for " +
                                                            std::to_string(features.size(0)) +
                                                            " feature rows");
    embedded = embedded.index_copy(0, index_tensor(slots, embedded.device()), features);
  }
  return embedded.unsqueeze(0);
}

}  // namespace hones::model
