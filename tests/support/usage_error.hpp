#pragma once

#include <string>

#include <gtest/gtest.h>

#include <hones/base/error.hpp>

namespace hones::test {

// The line of the UsageError that `act` must throw; empty (and a failure) when it throws none.
template <typename Act>
std::string usage_error(Act&& act) {
  try {
    act();
  } catch (const UsageError& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected a UsageError, got none";
  return {};
}

}  // namespace hones::test
