// Rankings again from a stored run.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/file.hpp>
#include <hones/benchmark/records.hpp>
#include <hones/results/rank.hpp>

#include "results/made_discovery.hpp"
#include "support/scratch.hpp"
#include "support/usage_error.hpp"

namespace hones::results {
namespace {

using Json = nlohmann::ordered_json;

class Rank : public testing::Test {
 protected:
  Rank() {
    test::make_discovery(scratch_.path());
    options_.folder = scratch_.path();
  }

  std::string refused() const {
    return test::usage_error([&] { rank(options_); });
  }
  std::string damaged() const {
    return test::data_error([&] { rank(options_); });
  }
  // Behind the line of names.
  std::string table(const std::string& name) const {
    const std::string text = read_file(out_ / name);
    return text.substr(text.find('\n') + 1);
  }

  test::Scratch scratch_;
  std::filesystem::path out_ = scratch_.path() / "rank";
  RankOptions options_;
};

TEST_F(Rank, AsTheRunRanked) {
  const RankReport report = rank(options_);
  EXPECT_EQ(report.out, out_);
  EXPECT_EQ(report.top_k, 1);
  EXPECT_EQ(report.neuron_mode, choice::NeuronMode::per_instance);
  EXPECT_EQ(report.weights, choice::HeadWeights::importance);
  EXPECT_EQ(report.neuron_share, 0.5);
  EXPECT_EQ(table("heads.vqa.csv"),
            "1,1,0,1,1,1,0,2,1\n2,0,1,0.5,0.5,0.5,0,0.25,3\n3,0,0,0.25,0.25,0.25,0,0.5,2\n");
  EXPECT_EQ(table("neurons.vqa.csv"), "1,1,0,3\n2,1,2,2\n3,1,1,1\n");
  EXPECT_EQ(table("neurons.ocr.csv"), "1,0,0,6\n2,0,1,5\n3,1,2,4\n");  // no head is positive
  const Json json = Json::parse(read_file(out_ / "rankings.vqa.json"));
  EXPECT_EQ(json.at("model"), "tiny");  // as the run told it
  EXPECT_EQ(json.at("ranking").dump(),
            R"({"top_k":1,"weights":"importance","neuron_mode":"per_instance","neuron_share":0.5})");
  EXPECT_NAMES(report.summary, "vqa  vqa_accuracy:normalize_always = 1.0000 on 1 instances\n");
  EXPECT_NAMES(report.summary, "ocr  vqa_accuracy:normalize_always = 0.0000 on 1 instances\n");
  EXPECT_NAMES(report.summary, "written to " + out_.string() + "\n");
}

TEST_F(Rank, AsAskedForNow) {
  options_.out = out_ = scratch_.path() / "other";
  options_.top_k = 2;
  options_.neuron_mode = choice::NeuronMode::after_mean;
  options_.weights = choice::HeadWeights::uniform;
  options_.neuron_share = 1.0 / 3;
  const RankReport report = rank(options_);
  EXPECT_EQ(report.out, out_);
  EXPECT_EQ(report.top_k, 2);
  EXPECT_EQ(report.neuron_mode, choice::NeuronMode::after_mean);
  EXPECT_EQ(report.weights, choice::HeadWeights::uniform);
  EXPECT_EQ(report.neuron_share, 1.0 / 3);
  EXPECT_EQ(table("neurons.vqa.csv"), "1,1,1,2\n2,0,0,1.5\n");
  const Json ranking = Json::parse(read_file(out_ / "rankings.vqa.json")).at("ranking");
  EXPECT_EQ(ranking.at("top_k"), 2);
  EXPECT_EQ(ranking.at("weights"), "uniform");
  EXPECT_EQ(ranking.at("neuron_mode"), "after_mean");
}

TEST_F(Rank, MoreHeadsThanHaveSumsAreRefused) {
  options_.top_k = 3;
  options_.top_k_source = "ranks.toml";
  EXPECT_NAMES(refused(), "ranks.toml: ranking.top_k = 3: expected at most 2, the heads whose sums");
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(Rank, TheFolderOfARunIsNotWrittenTo) {
  options_.out = scratch_.path();
  EXPECT_NAMES(refused(), "is the folder of a run");
}

TEST_F(Rank, ADamagedRunIsNamedBeforeAnythingIsWritten) {
  scratch_.write("rankings.ocr.json", "[1]");
  EXPECT_NAMES(damaged(), "rankings.ocr.json: expected a JSON object");
  scratch_.write("rankings.ocr.json", "{");
  EXPECT_NAMES(damaged(), "rankings.ocr.json: not JSON: ");
  std::filesystem::remove(scratch_.path() / "rankings.ocr.json");
  EXPECT_NAMES(damaged(), "rankings.ocr.json");
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(Rank, ABenchmarkThatIsGivenMustBeTheRuns) {
  options_.benchmark = std::filesystem::path(HONES_TEST_DATA) / "run-2f7a38f" / "benchmark";
  EXPECT_NAMES(damaged(), "not the benchmark of " + (scratch_.path() / "discovery.h5").string());
  test::make_discovery(scratch_.path(), benchmark::load(options_.benchmark, "discovery").digest);
  EXPECT_EQ(rank(options_).top_k, 1);
}

}  // namespace
}  // namespace hones::results
