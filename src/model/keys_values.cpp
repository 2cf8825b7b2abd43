#include <hones/base/error.hpp>
#include <hones/model/keys_values.hpp>

namespace hones::model {

std::int64_t KeyValues::length() const {
  std::int64_t length = 0;
  if (parts.empty()) return 0;
  for (const KeyValuePart& part : parts.front()) length += part.length();
  return length;
}

void KeyValues::append(const std::vector<KeyValuePart>& new_parts) {
  if (parts.empty()) parts.resize(new_parts.size());
  HONES_ASSERT(parts.size() == new_parts.size(), "one new part per layer");
  for (std::size_t layer = 0; layer < parts.size(); ++layer) parts[layer].push_back(new_parts[layer]);
}

}  // namespace hones::model
