#include <hones/base/error.hpp>
#include <hones/model/dtype.hpp>

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

at::ScalarType dtype_from(choice::NumberFormat format, const std::string& checkpoint_dtype, bool gpu) {
  switch (format) {
    case choice::NumberFormat::fp32:
      return at::kFloat;
    case choice::NumberFormat::bf16:
      return at::kBFloat16;
    case choice::NumberFormat::fp16:
      return at::kHalf;
    case choice::NumberFormat::automatic:
      break;
  }
  if (!gpu || checkpoint_dtype.empty() || checkpoint_dtype == "float32") return at::kFloat;
  return checkpoint_dtype == "bfloat16" ? at::kBFloat16 : at::kHalf;
}

std::string dtype_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return choice::word(choice::NumberFormat::fp32);
    case at::kBFloat16:
      return choice::word(choice::NumberFormat::bf16);
    case at::kHalf:
      return choice::word(choice::NumberFormat::fp16);
    default:
      throw InternalError("a model runs in fp32, bf16 or fp16");
  }
}

}  // namespace hones::model
