// A LLaVA-1.5 checkpoint ready to run: tokenizer, image processor, tower, projector, decoder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <hones/checkpoint/llava.hpp>
#include <hones/image/processor.hpp>
#include <hones/model/clip.hpp>
#include <hones/model/decoder.hpp>
#include <hones/model/threads.hpp>
#include <hones/text/prompt.hpp>

namespace hones::model {

// auto on a CPU is fp32. Throws UsageError naming the allowed words.
at::ScalarType dtype_from(const std::string& word, const std::string& checkpoint_dtype, bool gpu);
at::ScalarType scalar_type(checkpoint::Dtype dtype);  // of a tensor in a checkpoint
std::string dtype_name(at::ScalarType dtype);  // "fp32", "bf16", "fp16"

class Llava {
 public:
  // Maps the checkpoint and converts tensor by tensor where the dtype differs. Throws DataError (see
  // checkpoint::open_llava).
  Llava(const std::filesystem::path& folder, at::ScalarType dtype);

  const checkpoint::LlavaConfig& config() const { return config_; }
  const text::Tokenizer& tokenizer() const { return tokenizer_; }
  const image::ProcessorConfig& processor() const { return processor_; }
  const Decoder& decoder() const { return decoder_; }
  std::int64_t image_tokens() const { return config_.image_tokens; }

  // A decoded picture -> image features [n, D], the decoder's dtype.
  at::Tensor encode_picture(const image::Image& picture, const Observer* observer = nullptr) const;
  // float32 [3, S, S] as the processor gives them.
  at::Tensor encode_pixels(const std::vector<float>& pixel_values, const Observer* observer = nullptr) const;

  // Embeddings [1, T, D] of `ids`; those equal to the image token id within the first `prompt_length` ids are
  // overwritten in order by the rows of `features` (undefined: text only). Counts must match. An image id
  // that the model itself generated is an ordinary embedding row.
  at::Tensor embed(std::span<const std::int64_t> ids, std::size_t prompt_length,
                   const at::Tensor& features) const;

 private:
  Llava(const checkpoint::Checkpoint& checkpoint, const std::filesystem::path& folder, at::ScalarType dtype);

  checkpoint::LlavaConfig config_;
  text::Tokenizer tokenizer_;
  image::ProcessorConfig processor_;
  ClipTower tower_;
  Projector projector_;
  Decoder decoder_;
};

}  // namespace hones::model
