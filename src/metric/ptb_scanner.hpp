// The longest match of the tokenizer's rules at a place of a text.
#pragma once

#include <cstdint>
#include <string_view>

#include "ptb_rules.hpp"

namespace hones::metric {

struct PtbMatch {
  const PtbRule* rule = nullptr;
  std::size_t length = 0;  // bytes, without what must follow
};

// `text` is well-formed UTF-8; `at` is the begin of a character of it. Some rule matches at every place.
PtbMatch ptb_match(std::string_view text, std::size_t at);

}  // namespace hones::metric
