#pragma once

#include <optional>
#include <string_view>

namespace hones::benchmark {

// The code point of an HTML 4 entity name, without & and semicolon.
std::optional<char32_t> named_entity(std::string_view name);

}  // namespace hones::benchmark
