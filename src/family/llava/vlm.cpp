#include "vlm.hpp"

#include <hones/base/error.hpp>
#include <hones/model/mapped_weights.hpp>

namespace hones::family::llava {

LlavaVlm::LlavaVlm(const checkpoint::Checkpoint& checkpoint, at::ScalarType dtype,
                   std::shared_ptr<const model::Shard> shard)
    : Vlm(checkpoint.config,
          model::Decoder(checkpoint.config.text, model::mapped_weights(checkpoint.tensors, dtype),
                         std::move(shard))),
      processor_(image::read_processor(checkpoint.folder)),
      tower_(checkpoint.config, model::mapped_weights(checkpoint.tensors, dtype)),
      projector_(checkpoint.config, model::mapped_weights(checkpoint.tensors, dtype)),
      image_tokens_(checkpoint.config.image_tokens) {
  const std::int64_t side = checkpoint.config.vision.image_size;
  if (processor_.crop_width == side && processor_.crop_height == side) return;
  throw DataError(checkpoint.folder.string() + ": the image processor crops to " +
                  std::to_string(processor_.crop_width) + "x" + std::to_string(processor_.crop_height) +
                  ", the vision tower wants " + std::to_string(side) + "x" + std::to_string(side));
}

model::Pixels LlavaVlm::pixels_of(const image::Image& picture) const {
  return {image::pixel_values(picture, processor_), {3, processor_.crop_height, processor_.crop_width}};
}

at::Tensor LlavaVlm::encode(const model::Pixels& pixels, const model::Observer* observer) const {
  const std::int64_t side = processor_.crop_width;
  HONES_ASSERT(std::ssize(pixels.values) == 3 * side * side, "pixel values of another size");
  const at::Tensor batch =
      at::from_blob(const_cast<float*>(pixels.values.data()), {1, 3, side, side}, at::kFloat);
  const at::Tensor projected = projector_.forward(tower_.forward(batch, observer));
  if (observer) (*observer)("vision.projected", -1, projected);
  HONES_ASSERT(projected.size(1) == image_tokens_, "feature rows and image tokens differ");
  return projected.select(0, 0);
}

std::unique_ptr<const model::Vlm> open_vlm(const std::filesystem::path& folder, at::ScalarType dtype,
                                           std::shared_ptr<const model::Shard> shard) {
  return std::make_unique<LlavaVlm>(checkpoint::open_llava(folder), dtype, std::move(shard));
}

}  // namespace hones::family::llava
