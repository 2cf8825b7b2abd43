// A small benchmark drawn for the tests of the sweep, and runs over it.
#pragma once

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <hones/base/file.hpp>
#include <hones/benchmark/prepare.hpp>
#include <hones/benchmark/synth.hpp>
#include <hones/store/discovery_file.hpp>
#include <hones/sweep/discover.hpp>

#include "support/scratch.hpp"

namespace hones::test {

// Scenes and benchmark in `folder`: 60 discovery images, 2 queries of 50 candidates.
inline void draw_benchmark(const std::filesystem::path& folder) {
  benchmark::SynthOptions synth;
  synth.images = 60;
  synth.seed = 11;
  synth.near_twins = 0;
  synth.out = folder / "source";
  benchmark::synth(synth);
  benchmark::PrepareOptions prepare;
  prepare.out = folder / "benchmark";
  prepare.discovery = 60;
  prepare.dev = 0;
  prepare.test = 0;
  prepare.queries = 2;
  benchmark::find_sources(folder / "source", prepare);
  benchmark::prepare(prepare);
}

// Settings that `rank` reads back, as the command line would have stored them.
inline constexpr const char* kSettings =
    R"({"discover.bootstrap_resamples":200,"discover.caption_importance":"mean","ranking.neuron_mode":"per_instance",)"
    R"("ranking.neuron_share":0.02,"ranking.top_k":5,"ranking.weights":"importance","run.seed":3407})";

inline sweep::DiscoverOptions small_run(const std::filesystem::path& folder, const std::string& out) {
  sweep::DiscoverOptions options;
  options.model = std::filesystem::path(HONES_TEST_DATA) / "tiny-llava";
  options.benchmark = folder / "benchmark";
  options.tasks = {"vqa", "ocr", "caption"};
  options.instances = 3;
  options.max_new_tokens = 5;
  options.top_k = 5;
  options.stored_heads = 6;
  options.neuron_share = 0.02;
  options.bootstrap_resamples = 200;
  options.settings_json = kSettings;
  options.settings_toml = "# test\n";
  options.out = folder / out;
  options.deadline_seconds = 120;
  return options;
}

// Equal, NaN included, to the bit.
template <typename T>
testing::AssertionResult same_bits(const std::vector<T>& a, const std::vector<T>& b,
                                   const std::string& name) {
  if (a.size() != b.size())
    return testing::AssertionFailure() << name << ": " << a.size() << " against " << b.size() << " elements";
  if (!a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) != 0)
    return testing::AssertionFailure() << name << " differs";
  return testing::AssertionSuccess();
}

inline void expect_same_results(const std::filesystem::path& a, const std::filesystem::path& b) {
  const store::DiscoveryContents left = store::read_discovery(a / "discovery.h5"),
                                 right = store::read_discovery(b / "discovery.h5");
  EXPECT_EQ(left.header.environment, right.header.environment);
  EXPECT_EQ(left.header.settings_json, right.header.settings_json);
  ASSERT_EQ(left.tasks.size(), right.tasks.size());
  for (std::size_t t = 0; t < left.tasks.size(); ++t) {
    const store::TaskContents &l = left.tasks[t], &r = right.tasks[t];
    SCOPED_TRACE(l.cells.task);
    EXPECT_EQ(l.cells.task, r.cells.task);
    EXPECT_EQ(l.cells.metric, r.cells.metric);
    EXPECT_TRUE(same_bits(l.cells.states, r.cells.states, "cell"));
    EXPECT_TRUE(same_bits(l.cells.utility, r.cells.utility, "utility"));
    EXPECT_TRUE(same_bits(l.cells.answer_logprob, r.cells.answer_logprob, "answer_logprob"));
    ASSERT_EQ(l.cells.own.size(), r.cells.own.size());
    for (std::size_t i = 0; i < l.cells.own.size(); ++i) {
      EXPECT_TRUE(same_bits(l.cells.own[i].scores, r.cells.own[i].scores, "scores"));
      EXPECT_TRUE(same_bits(l.cells.own[i].bleu, r.cells.own[i].bleu, "bleu_counts"));
      EXPECT_EQ(l.cells.own[i].answers, r.cells.own[i].answers);
    }
    EXPECT_TRUE(same_bits(l.heads.importance, r.heads.importance, "importance"));
    EXPECT_TRUE(same_bits(l.heads.ci_low, r.heads.ci_low, "ci_low"));
    EXPECT_TRUE(same_bits(l.heads.ci_high, r.heads.ci_high, "ci_high"));
    EXPECT_EQ(l.heads.top, r.heads.top);
    EXPECT_EQ(l.sums.heads, r.sums.heads);
    EXPECT_EQ(l.sums.valid, r.sums.valid);
    EXPECT_TRUE(same_bits(l.sums.head_drop_sum, r.sums.head_drop_sum, "head_drop_sum"));
    EXPECT_TRUE(same_bits(l.sums.head_signed_sum, r.sums.head_signed_sum, "head_signed_sum"));
    EXPECT_TRUE(same_bits(l.neurons.plain, r.neurons.plain, "plain"));
    EXPECT_TRUE(same_bits(l.neurons.per_instance, r.neurons.per_instance, "per_instance"));
    EXPECT_TRUE(same_bits(l.neurons.after_mean, r.neurons.after_mean, "after_mean"));
    EXPECT_EQ(l.neurons.top, r.neurons.top);
    for (const std::string& file : {"heads." + l.cells.task + ".csv", "neurons." + l.cells.task + ".csv",
                                    "rankings." + l.cells.task + ".json"}) {
      EXPECT_EQ(read_file(a / file), read_file(b / file)) << file;
    }
  }
}

}  // namespace hones::test
