// Which program this is: goes into every result, so that a list of heads can be made again.
#pragma once

#include <string_view>

namespace hones {

// "0.1.0"
std::string_view version();
// The commit that the program was built from, 40 hex digits, "-dirty" behind it when tracked files differed
// from it; "unknown" where the sources are not a git checkout.
std::string_view git_commit();

}  // namespace hones
