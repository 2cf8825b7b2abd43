// Number formats by their words.
#pragma once

#include <cstdint>
#include <string>

#include <hones/checkpoint/safetensors.hpp>
#include <hones/choice/choices.hpp>
#include <hones/model/torch.hpp>

namespace hones::model {

// `automatic` on a CPU is fp32.
at::ScalarType dtype_from(choice::NumberFormat format, const std::string& checkpoint_dtype, bool gpu);
at::ScalarType scalar_type(checkpoint::Dtype dtype);  // of a tensor in a checkpoint
std::string dtype_name(at::ScalarType dtype);         // "fp32", "bf16", "fp16"

}  // namespace hones::model
