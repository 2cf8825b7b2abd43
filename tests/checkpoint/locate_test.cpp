#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include <hones/checkpoint/llava.hpp>
#include <hones/checkpoint/model_folder.hpp>

#include "support/scratch.hpp"

namespace hones::checkpoint {
namespace {

using test::data_error;
using test::Scratch;

constexpr const char* kHash = "0123456789abcdef0123456789abcdef01234567";

// Environment of one test; what was there before comes back.
class Environment {
 public:
  explicit Environment(const std::vector<std::pair<std::string, std::string>>& set) {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
    for (const auto& [name, value] : set) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

std::string fill(const Scratch& scratch, const std::string& hub) {
  const std::string model = hub + "/models--org--name";
  scratch.write(model + "/refs/main", std::string(kHash) + "\n");
  scratch.write(model + "/refs/refs/pr/1", "ffffffff");
  scratch.write(model + "/refs/broken", "../../x");
  scratch.write(model + "/snapshots/" + kHash + "/config.json", "{}");
  return (scratch.path() / model / "snapshots" / kHash).string();
}

TEST(Locate, CacheByEveryVariable) {
  const Scratch scratch;
  const std::string base = scratch.path().string();
  const std::string snapshot = fill(scratch, "a/huggingface/hub");
  const std::string home_snapshot = fill(scratch, "home/.cache/huggingface/hub");
  const std::vector<std::pair<std::vector<std::pair<std::string, std::string>>, std::string>> cases{
      {{{"HF_HUB_CACHE", base + "/a/huggingface/hub"}, {"HF_HOME", "/none"}}, snapshot},
      {{{"HF_HOME", base + "/a/huggingface"}, {"HOME", "/none"}}, snapshot},
      {{{"XDG_CACHE_HOME", base + "/a"}, {"HOME", "/none"}}, snapshot},
      {{{"HOME", base + "/home"}}, home_snapshot}};
  for (const auto& [variables, expected] : cases) {
    const Environment environment(variables);
    for (const char* revision : {"", "main", kHash}) {
      const ModelLocation found = locate_model("org/name", revision);
      EXPECT_EQ(found.folder.string(), expected);
      EXPECT_EQ(found.snapshot, kHash);
    }
  }
}

TEST(Locate, SaysWhereItSoughtAndHowToFetch) {
  const Scratch scratch;
  fill(scratch, "hub");
  const Environment environment({{"HF_HUB_CACHE", (scratch.path() / "hub").string()}});
  const std::string line = data_error([] { locate_model("org/other", ""); });
  EXPECT_NAMES(line, (scratch.path() / "hub" / "models--org--other").string());
  EXPECT_NAMES(line, "hf download org/other --revision main");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_NAMES(data_error([] { locate_model("org/name", "refs/pr/1"); }), "revision refs/pr/1");
  EXPECT_NAMES(data_error([] { locate_model("org/name", "v2"); }), "revision v2");
  EXPECT_NAMES(data_error([] { locate_model("org/name", "broken"); }), "commit hash");
  EXPECT_NAMES(data_error([] { locate_model("org/name", "../../x"); }), "not a branch");
  for (const char* name : {"", "/none/at/all", "a/b/c", "../x", "org/", "/x", "a b"}) {
    EXPECT_NAMES(data_error([&] { locate_model(name, ""); }), "no model at");
  }
}

TEST(Locate, AFolderIsItself) {
  const Scratch scratch;
  const ModelLocation plain = locate_model(scratch.path().string(), "");
  EXPECT_EQ(plain.folder, scratch.path());
  EXPECT_TRUE(plain.snapshot.empty());
  // A snapshot of a cache named by its path keeps its hash.
  EXPECT_EQ(locate_model(fill(scratch, "hub"), "").snapshot, kHash);
}

}  // namespace
}  // namespace hones::checkpoint
