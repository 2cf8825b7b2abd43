#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <hones/base/version.hpp>

TEST(Version, NamesACommitOrSaysThatItIsUnknown) {
  EXPECT_FALSE(hones::version().empty());
  std::string commit(hones::git_commit());
  if (commit == "unknown") return;
  if (commit.ends_with("-dirty")) commit.erase(commit.size() - 6);
  EXPECT_EQ(commit.size(), 40u);
  EXPECT_TRUE(std::all_of(commit.begin(), commit.end(), [](char c) {
    return std::string("0123456789abcdef").find(c) != std::string::npos;
  }));
}
