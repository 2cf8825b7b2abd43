// What the fuzz targets share. A reader of strangers' files may refuse them, with one line for the user; all
// else that leaves it (another exception, a signal, memory or time without bound) is a defect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <hones/base/error.hpp>
#include <hones/base/scratch.hpp>

namespace hones::fuzz {

[[noreturn]] inline void defect(const std::string& what) {
  std::fprintf(stderr, "defect: %s\n", what.c_str());
  std::abort();
}

// Runs `act`, which may refuse its input as bad data or wrong use. True when it did not.
template <typename Act>
bool accepted(Act&& act) {
  try {
    act();
    return true;
  } catch (const InternalError&) {
    throw;  // an own invariant is broken: never the input's fault
  } catch (const Error& error) {
    const std::string line = error.what();
    if (error.code() != ExitCode::bad_data && error.code() != ExitCode::usage)
      defect("exit code of: " + line);
    if (line.empty()) defect("a refusal without a word");
    return false;
  }
}

// Counts the inputs that a reader read to their end and told of at the process's: a target none of whose
// corpus comes so far tests nothing but refusals (run.sh looks).
inline void read_whole(bool whole) {
  struct Count {
    long inputs = 0;
    ~Count() { std::fprintf(stderr, "read whole: %ld\n", inputs); }
  };
  static Count count;
  count.inputs += whole ? 1 : 0;
}

// The input cut at NUL bytes, which no text file of ours holds: always `count` parts, the last ones empty.
inline std::vector<std::string> parts_of(const std::uint8_t* data, std::size_t size, std::size_t count) {
  std::vector<std::string> parts;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (parts.size() + 1 < count) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    parts.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  parts.emplace_back(rest);
  return parts;
}

// A folder of this process, gone when it ends in order.
class Folder : public ScratchFolder {
 public:
  Folder() : ScratchFolder("hones_fuzz") {}
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
};

}  // namespace hones::fuzz
