// Keys and values as a list of parts per layer, each shared by all rows or owned row by row. The caller owns
// them; a forward pass reads parts and returns the new one.
#pragma once

#include <cstdint>
#include <vector>

#include <hones/model/torch.hpp>

namespace hones::model {

// Keys are rotated, before head repetition. [B, KV, T, Dh] with B = 1 (shared by all rows) or B = rows.
struct KeyValuePart {
  at::Tensor keys;
  at::Tensor values;
  std::int64_t length() const { return keys.size(2); }
};

// parts[layer] in order of position.
struct KeyValues {
  std::vector<std::vector<KeyValuePart>> parts;

  std::int64_t length() const;  // positions held
  // Appends one new part per layer (as ForwardOutput::new_parts holds them).
  void append(const std::vector<KeyValuePart>& new_parts);
};

}  // namespace hones::model
