// Two HDF5 files held against each other by HDF5's own interface: the reader under test has no part in it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hones::test {

// Success when both files hold the same objects under the same names, groups that keep an order in the same
// order, and every dataset and every attribute has the same type, the same shape and the same bytes; elements
// of variable length are compared one by one. How a dataset is stored, and when, does not count. Otherwise
// the first differences, one a line. A file without a dataset, or one that cannot be read, is a failure. Link
// same_hdf5.cpp and hdf5::hdf5.
testing::AssertionResult same_hdf5(const std::filesystem::path& a, const std::filesystem::path& b);

struct Comparison {
  std::size_t compared = 0;              // objects and attributes, of either file
  std::vector<std::string> differences;  // NAME: WHAT
};

// The same without what `except` names: patterns of the shell against an object's full name or "NAME
// attribute ATTRIBUTE", a * standing for slashes too. Throws where a file cannot be read or holds no dataset.
Comparison compare_hdf5(const std::filesystem::path& a, const std::filesystem::path& b,
                        const std::vector<std::string>& except = {});

}  // namespace hones::test
