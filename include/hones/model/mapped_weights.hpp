// Weights as they lie in a checkpoint's files.
#pragma once

#include <hones/checkpoint/safetensors.hpp>
#include <hones/model/decoder.hpp>

namespace hones::model {

// Tensors over the mapped files, which they keep mapped; copied only when misaligned or of another dtype,
// and never written. `tensors` must outlive the source, not the tensors it gives. InternalError for a name
// that is not there.
WeightSource mapped_weights(const checkpoint::TensorMap& tensors, at::ScalarType dtype);

}  // namespace hones::model
