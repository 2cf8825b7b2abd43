// The rules of the tokenizer, as patterns for PCRE2 (UTF-8, UCP).
#pragma once

#include <string>
#include <vector>

namespace hones::metric {

enum class Emit {
  text,      // what was matched
  straight,  // the same with quotes in ASCII
  mark,      // the rule's own word
  nothing,   // white space and what no rule knows
};

struct PtbRule {
  std::string pattern;
  std::string after = {};  // must follow; its length counts in the choice of the rule, but is not consumed
  Emit emit = Emit::text;
  std::string mark = {};
  int back = 0;        // this many characters of the match are read again
  bool whole = false;  // the token keeps the characters that are read again
  bool last = false;   // matches at the end of the whole text only
};

// In the order in which ties are decided: at every place the rule wins whose match, what follows included, is
// the longest, and of equals the first.
const std::vector<PtbRule>& ptb_rules();

}  // namespace hones::metric
