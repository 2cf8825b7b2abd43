// same_hdf5 [--count] [--except PATTERN]... A B: whether two HDF5 files hold the same datasets and
// attributes; for scripts. Every difference is a line; --count adds one with the number of objects and
// attributes that were compared. Exit code 1 where there are differences, 2 where nothing could be compared.
#include "support/same_hdf5.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  std::vector<std::string> files, except;
  bool count = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--count")
      count = true;
    else if (argument == "--except" && i + 1 < argc)
      except.emplace_back(argv[++i]);
    else
      files.push_back(argument);
  }
  if (files.size() != 2) {
    std::fputs("same_hdf5: expected [--count] [--except PATTERN]... and two files\n", stderr);
    return 2;
  }
  try {
    const hones::test::Comparison result = hones::test::compare_hdf5(files[0], files[1], except);
    for (const std::string& line : result.differences) std::puts(line.c_str());
    if (count) std::printf("%zu compared\n", result.compared);
    return result.differences.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "same_hdf5: %s and %s: %s\n", files[0].c_str(), files[1].c_str(), error.what());
    return 2;
  }
}
