// A LLaVA-1.5 checkpoint ready to run: image processor, tower, projector, decoder.
#pragma once

#include <filesystem>
#include <memory>

#include <hones/image/processor.hpp>
#include <hones/model/vlm.hpp>

#include "vision.hpp"

namespace hones::family::llava {

class LlavaVlm final : public model::Vlm {
 public:
  LlavaVlm(const checkpoint::Checkpoint& checkpoint, at::ScalarType dtype,
           std::shared_ptr<const model::Shard> shard);

  model::Pixels pixels_of(const image::Image& picture) const override;  // [3, S, S]
  at::Tensor encode(const model::Pixels& pixels, const model::Observer* observer) const override;

 private:
  image::ProcessorConfig processor_;
  ClipTower tower_;
  Projector projector_;
  std::int64_t image_tokens_;
};

std::unique_ptr<const model::Vlm> open_vlm(const std::filesystem::path& folder, at::ScalarType dtype,
                                           std::shared_ptr<const model::Shard> shard);

}  // namespace hones::family::llava
