// Keys and values, in one form for every run: rotated, before heads are repeated.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/model/torch.hpp>

namespace hones::model {

// Of layers first, first + 1, ... up to the last. [rows, positions, KV, Dh] each; rows 1: shared by all rows
// of a pass that reads them.
struct KeyValues {
  std::int64_t first = 0;
  std::vector<at::Tensor> keys, values;

  bool holds(std::int64_t layer) const {
    return layer >= first && layer < first + static_cast<std::int64_t>(keys.size());
  }
  const at::Tensor& keys_of(std::int64_t layer) const { return keys.at(place(layer)); }
  const at::Tensor& values_of(std::int64_t layer) const { return values.at(place(layer)); }
  std::int64_t length() const { return keys.empty() ? 0 : keys.front().size(1); }  // positions held
  std::int64_t bytes() const;

  void push_back(at::Tensor layer_keys, at::Tensor layer_values) {
    keys.push_back(std::move(layer_keys));
    values.push_back(std::move(layer_values));
  }

 private:
  std::size_t place(std::int64_t layer) const { return static_cast<std::size_t>(layer - first); }
};

}  // namespace hones::model
