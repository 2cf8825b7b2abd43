// same_hdf5 A B: whether two HDF5 files hold the same datasets and attributes; for scripts.
#include "support/same_hdf5.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("same_hdf5: expected two files\n", stderr);
    return 2;
  }
  const testing::AssertionResult same = hones::test::same_hdf5(argv[1], argv[2]);
  if (!same) std::printf("%s\n", same.message());
  return same ? 0 : 1;
}
