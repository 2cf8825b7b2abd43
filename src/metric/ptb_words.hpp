// Word lists of the tokenizer, as alternatives for a pattern.
#pragma once

#include <string>

namespace hones::metric {

// Letters joined by full stops, without the last: u.s, a.k.a; one letter too.
const std::string& acronym();
// Written with a full stop that may end the sentence as well: Inc., Jan., Calif.
const std::string& sentence_abbreviations();
// Written with a full stop that belongs to the word alone: Mr., St., vs.
const std::string& inner_abbreviations();
// Abbreviations before a number only: no. 5, fig. 2.
const std::string& number_abbreviations();
// Capitalised words before which a full stop after an acronym ends the sentence.
const std::string& sentence_starters();

}  // namespace hones::metric
