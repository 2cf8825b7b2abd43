#include <algorithm>
#include <cstdint>

#include <hones/base/error.hpp>
#include <hones/model/dtype.hpp>
#include <hones/model/mapped_weights.hpp>

namespace hones::model {

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

}  // namespace

WeightSource mapped_weights(const checkpoint::TensorMap& tensors, at::ScalarType dtype) {
  return [&tensors, dtype](const std::string& name) {
    const auto found = tensors.find(name);
    HONES_ASSERT(found != tensors.end(), name);
    return wrap(found->second, dtype);
  };
}

}  // namespace hones::model
