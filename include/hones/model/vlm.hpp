// A vision-language model ready to run, whatever its family: a decoder, and pictures as rows among the
// embeddings. Families derive (hones/family).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <hones/checkpoint/decoder_config.hpp>
#include <hones/image/image.hpp>
#include <hones/model/decoder.hpp>
#include <hones/model/observer.hpp>
#include <hones/text/prompt.hpp>

namespace hones::model {

// A picture as the family's processor leaves it.
struct Pixels {
  std::vector<float> values;
  std::vector<std::int64_t> shape;  // of the values, without a batch axis
};

// A prompt with its picture, ready to run.
struct EncodedPrompt {
  text::Prompt prompt;
  at::Tensor features;  // [n, D], a row for each image id; undefined: text only
};

class Vlm {
 public:
  virtual ~Vlm() = default;
  Vlm(const Vlm&) = delete;
  Vlm& operator=(const Vlm&) = delete;

  const checkpoint::ModelConfig& config() const { return config_; }
  const Decoder& decoder() const { return decoder_; }

  virtual Pixels pixels_of(const image::Image& picture) const = 0;
  // Image features [n, D] in the decoder's dtype, n the image ids of a prompt about the picture.
  virtual at::Tensor encode(const Pixels& pixels, const Observer* observer = nullptr) const = 0;
  at::Tensor encode_picture(const image::Image& picture, const Observer* observer = nullptr) const {
    return encode(pixels_of(picture), observer);
  }

  // Embeddings [1, T, D] of `ids`; the places in `images` are overwritten in order by the rows of `features`
  // (undefined: text only). Counts must match. An image id that the model itself generated is an ordinary
  // embedding row.
  at::Tensor embed(std::span<const std::int64_t> ids, std::span<const text::Span> images,
                   const at::Tensor& features) const;
  at::Tensor embed(const EncodedPrompt& prompt) const {
    return embed(prompt.prompt.ids, prompt.prompt.images, prompt.features);
  }
  at::Tensor embed_text(std::span<const std::int64_t> ids) const { return embed(ids, {}, {}); }

 protected:
  Vlm(checkpoint::ModelConfig config, Decoder decoder)
      : config_(std::move(config)), decoder_(std::move(decoder)) {}

 private:
  checkpoint::ModelConfig config_;
  Decoder decoder_;
};

}  // namespace hones::model
