// A refusal at the start under any number of ranks, and what is known of a launcher before MPI.
#include "app/launch.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include <hones/comm/session.hpp>

namespace hones::app {
namespace {

class LaunchTest : public testing::Test {
 protected:
  comm::Session session_{nullptr, nullptr};  // the test's main has started MPI
  comm::Communicator& world_ = session_.world();
};

TEST_F(LaunchTest, WhatRankZeroRefusesAllRefuse) {
  int made = 0;
  const auto refuse = [&]() -> int {
    ++made;
    throw DataError("no such folder");
  };
  try {
    rank_zero_first(world_, refuse);
    FAIL() << "not refused";
  } catch (const SharedRefusal& refusal) {
    EXPECT_EQ(refusal.code(), ExitCode::bad_data);
    EXPECT_STREQ(refusal.what(), "no such folder");
  }
  EXPECT_EQ(made, world_.rank() == 0 ? 1 : 0);  // the others did not even try
}

TEST_F(LaunchTest, ForeignExceptionsAreAFailureOfTheRank) {
  try {
    rank_zero_first(world_, []() -> int { throw std::runtime_error("odd"); });
    FAIL() << "not refused";
  } catch (const SharedRefusal& refusal) {
    EXPECT_EQ(refusal.code(), ExitCode::rank_failed);
  }
}

TEST_F(LaunchTest, APlaceThatTheSystemRefusesIsBadData) {
  try {
    rank_zero_first(world_, []() -> std::uintmax_t { return std::filesystem::file_size("/nowhere/x"); });
    FAIL() << "not refused";
  } catch (const SharedRefusal& refusal) {
    EXPECT_EQ(refusal.code(), ExitCode::bad_data);
    EXPECT_STREQ(refusal.what(), "/nowhere/x: No such file or directory");
  }
}

TEST_F(LaunchTest, WhatRankZeroMakesAllMake) {
  EXPECT_EQ(rank_zero_first(world_, [&] { return 10 + world_.rank(); }), 10 + world_.rank());
}

TEST_F(LaunchTest, ARefusalOfAnotherRankAloneIsItsOwn) {
  const auto refuse_last = [&]() -> int {
    if (world_.rank() == world_.size() - 1 && world_.size() > 1) throw UsageError("only here");
    return 1;
  };
  if (world_.size() > 1 && world_.rank() == world_.size() - 1) {
    EXPECT_THROW(rank_zero_first(world_, refuse_last), UsageError);
  } else {
    EXPECT_EQ(rank_zero_first(world_, refuse_last), 1);
  }
}

TEST_F(LaunchTest, TheEnvironmentNamesRankAndSize) {
  const Launch launch = launch_of_environment();
  EXPECT_EQ(launch.size, world_.size());
  EXPECT_EQ(launch.rank, world_.rank());
}

}  // namespace
}  // namespace hones::app
