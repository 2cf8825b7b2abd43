// Runs over a small benchmark, for the tests of the sweep.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <hones/base/file.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/sweep/discover.hpp>

#include "app/sweep_settings.hpp"
#include "support/drawn_benchmark.hpp"
#include "support/same_hdf5.hpp"
#include "support/scratch.hpp"

namespace hones::test {

// Settings that `rank` reads back, as the command line would have stored them.
inline constexpr const char* kSettings =
    R"({"discover.bootstrap_resamples":200,"discover.caption_importance":"mean","ranking.neuron_mode":"per_instance",)"
    R"("ranking.neuron_share":0.02,"ranking.top_k":5,"ranking.weights":"importance","run.seed":3407})";

// The settings of a command line that names a model and FOLDER/benchmark, nothing else.
inline settings::Settings on(settings::Command command, const std::filesystem::path& model,
                             const std::filesystem::path& folder) {
  settings::Settings settings(command);
  settings.set(*settings::find("model.path"), model.string(), "the test");
  settings.set(*settings::find("benchmark.path"), (folder / "benchmark").string(), "the test");
  return settings;
}

inline sweep::Options small_run(const std::filesystem::path& folder, const std::string& out) {
  sweep::Options options = app::sweep_options(
      on(settings::Command::discover, std::filesystem::path(HONES_TEST_DATA) / "tiny-llava", folder));
  options.selection.tasks = {"vqa", "ocr", "caption"};
  options.selection.instances = 3;
  options.engine.max_new_tokens = 5;
  options.ranking.top_k = 5;
  options.ranking.stored_heads = 6;
  options.ranking.neuron_share = 0.02;
  options.ranking.bootstrap_resamples = 200;
  options.job.settings_json = kSettings;
  options.job.settings_toml = "# test\n";
  options.job.out = folder / out;
  options.job.deadline_seconds = 120;
  return options;
}

// What a run found, as opposed to how it went (run.json, progress.jsonl): everything beside discovery.h5.
inline std::set<std::string> result_files(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".csv") || name.starts_with("rankings.") || name == "settings.toml")
      names.insert(name);
  }
  return names;
}

// Two runs left the same results: discovery.h5 object by object, the other files byte by byte.
inline void expect_same_results(const std::filesystem::path& a, const std::filesystem::path& b) {
  EXPECT_TRUE(same_hdf5(a / "discovery.h5", b / "discovery.h5"));
  const std::set<std::string> files = result_files(a);
  EXPECT_FALSE(files.empty()) << a;
  EXPECT_EQ(files, result_files(b));
  for (const std::string& file : files) EXPECT_EQ(read_file(a / file), read_file(b / file)) << file;
}

}  // namespace hones::test
