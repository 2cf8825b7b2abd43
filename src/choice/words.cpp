#include <hones/base/error.hpp>
#include <hones/choice/words.hpp>

namespace hones::choice {

void refuse(const std::string& where, std::string_view word, const std::vector<std::string>& known) {
  std::string words;
  for (const std::string& one : known) words += (words.empty() ? "" : ", ") + one;
  throw DataError(where + ": '" + std::string(word) + "' is not known: expected one of " + words);
}

}  // namespace hones::choice
