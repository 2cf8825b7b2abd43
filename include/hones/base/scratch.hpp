// A folder for what is needed only while something runs.
#pragma once

#include <filesystem>
#include <string>

namespace hones {

// Made where the system keeps temporary files, gone with the object and everything in it. `name` begins its
// name, which is else its own. Throws Error(rank_failed) naming the folder where it cannot be made.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hones
