#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <hones/base/error.hpp>
#include <hones/base/scratch.hpp>

namespace hones {

ScratchFolder::ScratchFolder(const std::string& name) {
  std::string made = (std::filesystem::temp_directory_path() / (name + "_XXXXXX")).string();
  if (::mkdtemp(made.data()) == nullptr)
    throw Error(ExitCode::rank_failed, "cannot make a folder " + made + ": " + std::strerror(errno));
  path_ = made;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace hones
