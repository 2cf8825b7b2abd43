// A folder of its own for one test, gone at its end; and the one line of an expected error.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>
#include <hones/base/scratch.hpp>

namespace hones::test {

class Scratch : public ScratchFolder {
 public:
  Scratch() : ScratchFolder("hones_test") {}

  // Writes text (bytes) to NAME, making the folders above it.
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
};

// The line of the DataError that `act` must throw; empty (and a failure) when it throws nothing.
template <typename Act>
std::string data_error(Act&& act) {
  try {
    act();
  } catch (const DataError& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected a DataError, got: " << error.what();
    return {};
  }
  ADD_FAILURE() << "expected a DataError, got none";
  return {};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace hones::test

// Fails with the line itself when it does not name what it should.
#define EXPECT_NAMES(line, part) \
  EXPECT_TRUE(::hones::test::contains((line), (part))) << "the line is: " << (line)
