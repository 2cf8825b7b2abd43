// Which sets an ablation masks (docs/benchmark.md section 6).
#include <algorithm>
#include <numeric>
#include <span>

#include <gtest/gtest.h>

#include <hones/base/rng.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/results/ablation_rows.hpp>

#include "results/made_discovery.hpp"
#include "support/scratch.hpp"
#include "support/usage_error.hpp"

namespace hones::results {
namespace {

using Lines = std::vector<std::string>;

// "strategy budget seed: 0:1 1:0 | 1:2", heads before the bar, neurons behind it.
Lines told(const std::vector<AblationRow>& rows) {
  Lines lines;
  for (const AblationRow& row : rows) {
    std::string line = row.strategy + " " + std::to_string(row.budget) + " " + std::to_string(row.seed) + ":";
    for (const table::Head h : row.what.heads)
      line += " " + std::to_string(h.layer) + ":" + std::to_string(h.head);
    line += " |";
    for (const table::Neuron n : row.what.neurons)
      line += " " + std::to_string(n.layer) + ":" + std::to_string(n.neuron);
    lines.push_back(line);
  }
  return lines;
}

class AblationRows : public testing::Test {
 protected:
  AblationRows() {
    test::make_discovery(scratch_.path());
    choice_.discovery = scratch_.path();
    choice_.budgets = {0.5, 1.0 / 6, 0.5};  // 1 and 3 of 6 neurons
    subject_.tasks = {"vqa"};
    subject_.benchmark = scratch_.path() / "none";
    subject_.seed = 3407;
    subject_.shape = {2, 2, 3};
    subject_.model_digest = test::kModelDigest;
  }

  Lines rows() const { return told(ablation_rows(choice_, subject_).at(0)); }
  std::string refused() const {
    return test::usage_error([&] { ablation_rows(choice_, subject_); });
  }

  test::Scratch scratch_;
  AblationChoice choice_;
  AblationSubject subject_;
};

TEST_F(AblationRows, EveryStrategyAtEveryBudget) {
  choice_.strategies = {"rand_head", "no_head", "hones_after_mean", "hones"};
  EXPECT_EQ(rows(), (Lines{"hones 1 -1: | 1:0", "hones 3 -1: | 1:0 1:1 1:2",  //
                           "hones_after_mean 1 -1: | 1:1", "hones_after_mean 3 -1: | 0:0 1:0 1:1",
                           "no_head 1 -1: | 0:1", "no_head 3 -1: | 0:1 1:1 1:2",  //
                           "rand_head 1 2: | 0:2", "rand_head 3 2: | 0:2 1:1 1:2", "rand_head 1 7: | 0:0",
                           "rand_head 3 7: | 0:0 0:1 1:1"}));
}

TEST_F(AblationRows, HeadsAndWeightsCanBeChosenAnew) {
  choice_.strategies = {"hones"};
  choice_.top_k = 2;
  EXPECT_EQ(rows(), (Lines{"hones 1 -1: | 1:2", "hones 3 -1: | 1:0 1:1 1:2"}));
  choice_.weights = choice::HeadWeights::uniform;
  EXPECT_EQ(rows(), (Lines{"hones 1 -1: | 1:2", "hones 3 -1: | 0:0 1:0 1:2"}));
  choice_.top_k = 3;
  EXPECT_NAMES(refused(), "--top-k 3: expected at most 2, the heads whose sums");
}

TEST_F(AblationRows, WithoutAPositiveHeadPlainContributionsRank) {
  subject_.tasks = {"ocr"};
  choice_.strategies = {"hones", "hones_after_mean"};
  choice_.budgets = {0.5};
  EXPECT_EQ(rows(), (Lines{"hones 3 -1: | 0:0 0:1 1:2", "hones_after_mean 3 -1: | 0:0 0:1 1:2"}));
}

TEST_F(AblationRows, TheBestHeadsTogether) {
  choice_.head_budgets = {2, 0, 3, 2};
  EXPECT_EQ(rows(), (Lines{"heads 0 -1: |", "heads 2 -1: 0:1 1:0 |", "heads 3 -1: 0:0 0:1 1:0 |"}));
  choice_.head_budgets = {4};
  EXPECT_NAMES(refused(), "--head-budgets 4: expected at most 3, the heads that");
}

// docs/benchmark.md: the first neurons in the order that the seed's generator shuffles all of them into.
TEST_F(AblationRows, RandomNeedsNoDiscovery) {
  choice_.discovery.clear();
  choice_.strategies = {"random"};
  choice_.random_seeds = 2;
  subject_.tasks = {"vqa", "ocr"};
  Lines expected;
  for (int seed = 0; seed < 2; ++seed) {
    std::vector<std::int32_t> order(6);
    std::iota(order.begin(), order.end(), 0);
    SplitMix64 rng(key(3407, "random", std::to_string(seed)));
    shuffle(std::span(order), rng);
    for (const std::ptrdiff_t budget : {1, 3}) {
      std::sort(order.begin(), order.begin() + budget);
      std::string line = "random " + std::to_string(budget) + " " + std::to_string(seed) + ": |";
      for (std::ptrdiff_t i = 0; i < budget; ++i) {
        const std::int32_t index = order[static_cast<std::size_t>(i)];
        line += " " + std::to_string(index / 3) + ":" + std::to_string(index % 3);
      }
      expected.push_back(line);
    }
  }
  const auto all = ablation_rows(choice_, subject_);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(told(all[0]), expected);
  EXPECT_EQ(told(all[1]), expected);  // the same for every task
}

TEST_F(AblationRows, SetsAreSortedAndEachNeuronCountsOnce) {
  choice_.discovery.clear();
  choice_.sets = {{"mine", {{1, 2}, {0, 0}, {1, 2}}}, {"none", {}}};
  EXPECT_EQ(rows(), (Lines{"mine 2 -1: | 0:0 1:2", "none 0 -1: |"}));
  choice_.sets = {{"mine", {{0, 0}, {2, 0}}}};
  EXPECT_NAMES(refused(), "--sets mine: neuron 2:0: expected a layer below 2 and a neuron below 3");
  choice_.sets = {{"mine", {{1, 3}}}};
  EXPECT_NAMES(refused(), "neuron 1:3: expected");
}

TEST_F(AblationRows, WhatTheRunCannotServeIsRefused) {
  EXPECT_NAMES(refused(), "nothing to mask");
  choice_.strategies = {"no_head"};
  subject_.tasks = {"vqa", "caption"};
  EXPECT_NAMES(refused(), "--tasks caption: ");
  EXPECT_NAMES(refused(), "holds vqa, ocr; leave it out");
  subject_.tasks = {"ocr"};
  choice_.strategies = {"rand_head"};
  EXPECT_NAMES(refused(), "holds no drawn heads");
  choice_.budgets = {0.5, 0.01};
  EXPECT_NAMES(refused(), "--budgets 0.01: no neuron of 6: expected a larger share");
}

TEST_F(AblationRows, RankedSetsNeedADiscovery) {
  choice_.discovery.clear();
  choice_.strategies = {"random", "hones"};
  EXPECT_NAMES(refused(), "--discovery: expected the folder of a discover run");
  choice_.strategies.clear();
  choice_.head_budgets = {1};
  EXPECT_NAMES(refused(), "--discovery: expected the folder of a discover run");
}

TEST_F(AblationRows, AnotherModelOrBenchmarkIsRefused) {
  choice_.strategies = {"no_head"};
  subject_.benchmark = std::filesystem::path(HONES_TEST_DATA) / "run-2f7a38f" / "benchmark";
  EXPECT_NAMES(test::data_error([&] { rows(); }), "was made with another benchmark (digest sha256:5678,");
  test::make_discovery(scratch_.path(), benchmark::load(subject_.benchmark, "discovery").digest);
  EXPECT_EQ(rows().size(), 2U);
  subject_.model_digest = "sha256:0000";
  EXPECT_NAMES(test::data_error([&] { rows(); }), "was made with another model (digest sha256:1234,");
}

TEST_F(AblationRows, TravelAsBytes) {
  const std::vector<std::vector<AblationRow>> all{
      {{"heads", 2, -1, {{{0, 1}, {1, 0}}, {}}}, {"random", 3, 7, {{}, {{0, 2}, {1, 0}, {1, 1}}}}},
      {{"both", 1, -1, {{{1, 1}}, {{1, 2}}}}, {"none", 0, -1, {}}}};
  const auto back = rows_from(to_bytes(all));
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(told(back[0]), told(all[0]));
  EXPECT_EQ(told(back[1]), told(all[1]));
  EXPECT_TRUE(rows_from(to_bytes({})).empty());
}

}  // namespace
}  // namespace hones::results
