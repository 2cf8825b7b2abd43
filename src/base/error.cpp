#include <hones/base/error.hpp>

namespace hones {

void fail_assertion(const char* expression, const char* file, int line, const std::string& detail) {
  throw InternalError(std::string("assertion failed: ") + expression + " at " + file + ":" +
                      std::to_string(line) + (detail.empty() ? "" : ": " + detail) +
                      "; this is a defect of hones_mpi, please report it");
}

}  // namespace hones
