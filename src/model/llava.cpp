#include <algorithm>
#include <cstdint>

#include <ATen/Parallel.h>

#include <hones/base/error.hpp>
#include <hones/model/llava.hpp>

namespace hones::model {

at::ScalarType scalar_type(checkpoint::Dtype dtype) {
  switch (dtype) {
    case checkpoint::Dtype::f32:
      return at::kFloat;
    case checkpoint::Dtype::f16:
      return at::kHalf;
    case checkpoint::Dtype::bf16:
      return at::kBFloat16;
    case checkpoint::Dtype::i64:
      return at::kLong;
  }
  throw InternalError("unknown dtype of a tensor");
}

namespace {

// A tensor over the mapped file; it keeps the mapping alive. Copied only when misaligned or of another dtype;
// never written.
at::Tensor wrap(const checkpoint::TensorView& view, at::ScalarType dtype) {
  const at::ScalarType stored = scalar_type(view.dtype);
  auto* data = const_cast<std::byte*>(view.bytes.data());
  const auto options = at::TensorOptions().dtype(stored);
  if (reinterpret_cast<std::uintptr_t>(data) % checkpoint::size_of(view.dtype) != 0) {
    at::Tensor copy = at::empty(view.shape, options);
    std::copy(view.bytes.begin(), view.bytes.end(), static_cast<std::byte*>(copy.data_ptr()));
    checkpoint::release_pages(view);
    return copy.to(dtype);
  }
  const at::Tensor mapped = at::from_blob(
      data, view.shape, [mapping = view.mapping](void*) {}, options);
  if (stored == dtype) {
    checkpoint::keep_pages(view);
    return mapped;
  }
  at::Tensor converted = mapped.to(dtype);
  checkpoint::release_pages(view);
  return converted;
}

WeightSource source(const checkpoint::Checkpoint& checkpoint, at::ScalarType dtype) {
  return [&checkpoint, dtype](const std::string& name) {
    const auto found = checkpoint.tensors.find(name);
    HONES_ASSERT(found != checkpoint.tensors.end(), name);
    return wrap(found->second, dtype);
  };
}

}  // namespace

at::ScalarType dtype_from(const std::string& word, const std::string& checkpoint_dtype, bool gpu) {
  if (word == "fp32") return at::kFloat;
  if (word == "bf16") return at::kBFloat16;
  if (word == "fp16") return at::kHalf;
  if (word != "auto")
    throw UsageError("dtype '" + word + "' is not known: expected auto, fp32, bf16 or fp16");
  if (!gpu || checkpoint_dtype.empty() || checkpoint_dtype == "float32") return at::kFloat;
  return checkpoint_dtype == "bfloat16" ? at::kBFloat16 : at::kHalf;
}

std::string dtype_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "fp32";
    case at::kBFloat16:
      return "bf16";
    case at::kHalf:
      return "fp16";
    default:
      throw InternalError("a model runs in fp32, bf16 or fp16");
  }
}

void configure_threads(std::int64_t threads) {
  at::set_num_threads(static_cast<int>(threads));
  // Settable once a process only, and before the first parallel work.
  if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
}

Llava::Llava(const std::filesystem::path& folder, at::ScalarType dtype)
    : Llava(checkpoint::open_llava(folder), folder, dtype) {}

Llava::Llava(const checkpoint::Checkpoint& checkpoint, const std::filesystem::path& folder,
             at::ScalarType dtype)
    : config_(checkpoint.config),
      tokenizer_(text::Tokenizer::from_file(folder / "tokenizer.json")),
      processor_(image::read_processor(folder)),
      tower_(config_, source(checkpoint, dtype)),
      projector_(config_, source(checkpoint, dtype)),
      decoder_(config_.text, source(checkpoint, dtype)) {
  if (processor_.crop_width != config_.vision.image_size ||
      processor_.crop_height != config_.vision.image_size) {
    throw DataError(folder.string() + ": the image processor crops to " +
                    std::to_string(processor_.crop_width) + "x" + std::to_string(processor_.crop_height) +
                    ", the vision tower wants " + std::to_string(config_.vision.image_size) + "x" +
                    std::to_string(config_.vision.image_size));
  }
  const std::string image_token = text::llava_chat().image_token;
  const auto id = tokenizer_.id_of(image_token);
  if (id != config_.image_token_id) {
    throw DataError(folder.string() + ": tokenizer.json gives " + image_token + " " +
                    (id ? "the id " + std::to_string(*id) : "no id") +
                    ", config.json says image_token_index " + std::to_string(config_.image_token_id) +
                    "; the two files belong to different models");
  }
}

at::Tensor Llava::encode_picture(const image::Image& picture, const Observer* observer) const {
  return encode_pixels(image::pixel_values(picture, processor_), observer);
}

at::Tensor Llava::encode_pixels(const std::vector<float>& pixel_values, const Observer* observer) const {
  const std::int64_t side = config_.vision.image_size;
  HONES_ASSERT(static_cast<std::int64_t>(pixel_values.size()) == 3 * side * side,
               "pixel values of another size");
  const at::Tensor pixels =
      at::from_blob(const_cast<float*>(pixel_values.data()), {1, 3, side, side}, at::kFloat);
  const at::Tensor projected = projector_.forward(tower_.forward(pixels, observer));
  if (observer) (*observer)("vision.projected", -1, projected);
  HONES_ASSERT(projected.size(1) == config_.image_tokens, "feature rows and image tokens differ");
  return projected.select(0, 0);
}

at::Tensor Llava::embed(std::span<const std::int64_t> ids, std::size_t prompt_length,
                        const at::Tensor& features) const {
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(ids.data(), ids.size()), at::kLong);
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= config_.text.vocab_size)
      throw DataError("token id " + std::to_string(id) + " is beyond the model's " +
                      std::to_string(config_.text.vocab_size) + " rows");
  }
  at::Tensor embedded = decoder_.embed(index);
  if (features.defined()) {
    std::vector<std::int64_t> slots;
    for (std::size_t i = 0; i < prompt_length; ++i) {
      if (ids[i] == config_.image_token_id) slots.push_back(static_cast<std::int64_t>(i));
    }
    HONES_ASSERT(static_cast<std::int64_t>(slots.size()) == features.size(0),
                 std::to_string(slots.size()) + " image tokens for " + std::to_string(features.size(0)) +
                     " feature rows");
    embedded = embedded.index_copy(0, at::tensor(slots, at::kLong), features);
  }
  return embedded.unsqueeze(0);
}

}  // namespace hones::model
