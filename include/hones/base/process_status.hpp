// What Linux says of this process.
#pragma once

#include <optional>
#include <string>

namespace hones {

// A field of /proc/self/status (proc(5)), without the blanks before its value; nothing where there is no such
// field or no such file.
std::optional<std::string> process_status(const std::string& field);

}  // namespace hones
