#include <hones/model/keys_values.hpp>

namespace hones::model {

std::int64_t KeyValues::bytes() const {
  std::int64_t bytes = 0;
  for (const auto* tensors : {&keys, &values}) {
    for (const at::Tensor& tensor : *tensors) bytes += static_cast<std::int64_t>(tensor.nbytes());
  }
  return bytes;
}

}  // namespace hones::model
