// What one process shows: refusals, rankings again from the file, the plan without computing.
#include <cmath>
#include <cstring>
#include <span>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/checkpoint/safetensors.hpp>
#include <hones/engine/evaluator.hpp>
#include <hones/results/rank.hpp>
#include <hones/store/ledger.hpp>

#include "support/usage_error.hpp"
#include "sweep/support.hpp"

namespace hones {
namespace {

class Alone : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new test::Scratch;
    test::draw_benchmark(scratch_->path());
    options_ = new sweep::Options(test::small_run(scratch_->path(), "out"));
    sweep::discover(*options_, *comm::local());
  }
  static void TearDownTestSuite() {
    delete options_;
    delete scratch_;
  }
  static const std::filesystem::path& folder() { return scratch_->path(); }
  static inline test::Scratch* scratch_ = nullptr;
  static inline sweep::Options* options_ = nullptr;
};

std::string usage_error(const sweep::Options& options) {
  return test::usage_error([&] { sweep::discover(options, *comm::local()); });
}

// The line of a run that must end for its bad instances; empty (and a failure) when it does not.
std::string bad_instances(const sweep::Options& options) {
  try {
    sweep::discover(options, *comm::local());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_instances);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST_F(Alone, AFolderOfOtherSettingsOrWithoutALedgerIsRefusedWithoutRestart) {
  const std::string before = read_file(options_->job.out / "heads.vqa.csv");
  sweep::Options other = *options_;
  const std::string top_k = R"("ranking.top_k":5)";
  other.job.settings_json.replace(other.job.settings_json.find(top_k), top_k.size(), R"("ranking.top_k":4)");
  EXPECT_NE(usage_error(other).find(
                "ranking.top_k = 5, and 4 is asked for; name another folder, or pass --restart"),
            std::string::npos);
  EXPECT_EQ(read_file(options_->job.out / "heads.vqa.csv"), before);

  other = *options_;
  other.job.out = folder() / "old";
  std::filesystem::copy(options_->job.out, other.job.out, std::filesystem::copy_options::recursive);
  std::filesystem::remove(other.job.out / store::kLedger);
  std::filesystem::remove(other.job.out / store::kPreviousLedger);
  EXPECT_NE(usage_error(other).find("no ledger to go on from"), std::string::npos);
}

TEST_F(Alone, RestartBeginsAnewAndGivesTheSame) {
  sweep::Options again = *options_;
  again.job.out = folder() / "again";
  sweep::discover(again, *comm::local());
  again.job.restart = true;
  again.job.unit_layers = 2;
  sweep::discover(again, *comm::local());
  test::expect_same_results(options_->job.out, again.job.out);
}

TEST_F(Alone, RankGivesTheSameBytes) {
  results::RankOptions rank;
  rank.folder = options_->job.out;
  const std::string before = read_file(options_->job.out / "discovery.h5");
  results::rank(rank);
  for (const char* task : {"vqa", "ocr", "caption"}) {
    for (const std::string& file :
         {std::string("heads.") + task + ".csv", std::string("neurons.") + task + ".csv",
          std::string("rankings.") + task + ".json"}) {
      EXPECT_EQ(read_file(options_->job.out / file), read_file(options_->job.out / "rank" / file)) << file;
    }
  }
  EXPECT_EQ(read_file(options_->job.out / "discovery.h5"), before);
}

TEST_F(Alone, RankWithOtherSettingsIsAnotherRanking) {
  results::RankOptions rank;
  rank.folder = options_->job.out;
  rank.out = folder() / "rank2";
  rank.top_k = 2;
  rank.neuron_mode = choice::NeuronMode::after_mean;
  rank.weights = choice::HeadWeights::uniform;
  rank.neuron_share = 0.05;
  results::rank(rank);
  const auto json = nlohmann::json::parse(read_file(rank.out / "rankings.caption.json"));
  EXPECT_EQ(json["top_heads"].size(), 2U);
  EXPECT_EQ(json["neurons"]["mode"], "after_mean");
  EXPECT_EQ(json["neurons"]["selected"], 26);  // 5 % of 4 * 128, half up
  rank.top_k = 7;
  EXPECT_THROW(results::rank(rank), UsageError);  // six heads are stored
  rank.folder = folder() / "nowhere";
  EXPECT_THROW(results::rank(rank), DataError);
}

TEST_F(Alone, TheListTellsHowToMakeItAgain) {
  const auto json = nlohmann::json::parse(read_file(options_->job.out / "rankings.vqa.json"));
  EXPECT_EQ(json["model"]["digest"].get<std::string>().size(), 64U);
  EXPECT_EQ(json["benchmark"]["digest"].get<std::string>().size(), 64U);
  EXPECT_TRUE(json["prompt_of_first_instance"].get<std::string>().starts_with("USER: <image>\nQuestion: "));
  EXPECT_EQ(json["dtype"], "fp32");
  EXPECT_EQ(json["operator"], "mean");
  EXPECT_EQ(json["top_heads"].size(), 5U);
  EXPECT_TRUE(json["top_heads"][0].contains("ci_low"));
}

TEST_F(Alone, WrongInputsAreNamed) {
  sweep::Options options = *options_;
  options.job.out = folder() / "wrong";
  options.selection.tasks = {"vqa", "counting"};
  EXPECT_NE(usage_error(options).find("counting"), std::string::npos);
  options.selection.tasks = {"vqa"};
  options.engine.heads = {{4, 0}};
  EXPECT_NE(usage_error(options).find("4:0"), std::string::npos);
  options.engine.heads.clear();
  options.selection.instances = 61;
  EXPECT_NE(usage_error(options).find("holds 60 instances"), std::string::npos);
  options.selection.instances = 3;
  options.engine.max_new_tokens = 4096;  // the model knows 256 positions
  EXPECT_NE(usage_error(options).find("positions"), std::string::npos);
  options.engine.max_new_tokens = 5;
  options.selection.tasks = {"retrieval"};  // this tokenizer has no one-token Yes
  EXPECT_THROW(sweep::discover(options, *comm::local()), DataError);
  options.selection.tasks = {"vqa"};
  options.selection.benchmark = folder() / "no-benchmark";
  EXPECT_THROW(sweep::discover(options, *comm::local()), DataError);
  options.selection.benchmark = folder() / "benchmark";
  options.selection.model = folder();
  EXPECT_THROW(sweep::discover(options, *comm::local()), DataError);
}

// Noise so large that every intervened run overflows, while the plain runs are fine.
sweep::Options overflowing(const sweep::Options& options) {
  sweep::Options loud = options;
  loud.selection.tasks = {"vqa", "ocr"};
  loud.engine.op = choice::Operator::gaussian;
  loud.engine.sigma = 1e42;
  loud.engine.heads = {{0, 1}};
  return loud;
}

TEST_F(Alone, InvalidCellsBeyondTheLimitEndTheRunAndNameTheTask) {
  sweep::Options options = overflowing(*options_);
  options.job.out = folder() / "loud";
  const std::string line = bad_instances(options);
  EXPECT_NAMES(line, "task ");
  EXPECT_NAMES(line, "of 6 cells");  // three instances, the plain column and one head
}

// The same model whose last layer's neurons write a billion times as much: contributions no longer fit the
// sums.
void write_loud_model(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  const checkpoint::TensorMap views = checkpoint::read_safetensors(from / "model.safetensors");
  std::vector<float> loud;
  std::vector<checkpoint::TensorToWrite> tensors;
  for (const auto& [name, view] : views) {
    tensors.push_back({name, view.dtype, view.shape, view.bytes});
    if (!name.ends_with("layers.3.mlp.down_proj.weight")) continue;
    ASSERT_EQ(view.dtype, checkpoint::Dtype::f32);
    loud.resize(view.bytes.size() / sizeof(float));
    std::memcpy(loud.data(), view.bytes.data(), view.bytes.size());
    for (float& weight : loud) weight *= 1e9F;
    tensors.back().bytes = std::as_bytes(std::span(loud));
  }
  ASSERT_FALSE(loud.empty());
  checkpoint::write_safetensors(to / "model.safetensors", tensors);
}

TEST_F(Alone, ContributionsTooLargeForTheSumsEndTheRunWithoutAdviceOnTheDtypeItHas) {
  write_loud_model(options_->selection.model, folder() / "loud-model");
  sweep::Options options = *options_;
  options.selection.model = folder() / "loud-model";
  options.selection.tasks = {"vqa"};
  options.job.out = folder() / "loud-neurons";
  const std::string line = bad_instances(options);
  EXPECT_NAMES(line, "contributions are not finite, or too large for the sums (4096 and more)");
  EXPECT_EQ(line.find("fp32"), std::string::npos) << line;
}

TEST_F(Alone, InvalidCellsWithinTheLimitAreStoredAsSuch) {
  sweep::Options options = overflowing(*options_);
  options.job.max_bad = 0.9;
  options.job.out = folder() / "tolerated";
  sweep::discover(options, *comm::local());
  for (const store::TaskContents& task : store::read_discovery(options.job.out / "discovery.h5").tasks) {
    for (std::int64_t i = 0; i < task.cells.size(); ++i) {
      const std::size_t cell = task.cells.at(i, task.cells.shape.column(0, 1));
      EXPECT_EQ(task.cells.states[cell], table::CellState::invalid);
      EXPECT_TRUE(std::isnan(task.cells.utility[cell]));
    }
    EXPECT_TRUE(task.sums.heads.empty());  // no valid cell: no rank, no sums
  }
}

TEST_F(Alone, ReasonsNameNoFolder) {
  // Results must not depend on where the data lies.
  const std::filesystem::path holes = folder() / "holes";
  std::filesystem::create_directories(holes);
  for (const char* part : {"source", "benchmark"})
    std::filesystem::copy(folder() / part, holes / part, std::filesystem::copy_options::recursive);
  const auto items = task::make_task("vqa", choice::Prompts::paper)
                         ->items(benchmark::load(holes / "benchmark", "discovery"), 1);
  std::filesystem::remove(holes / "source" / "images" / items.front().file_name);
  sweep::Options options = *options_;
  options.selection.benchmark = holes / "benchmark";
  options.job.out = folder() / "with-holes";
  sweep::discover(options, *comm::local());
  for (const store::TaskContents& task : store::read_discovery(options.job.out / "discovery.h5").tasks) {
    const table::Instance& instance = task.cells.instances.front();
    EXPECT_EQ(instance.state, table::InstanceState::excluded);
    EXPECT_NAMES(instance.reason, items.front().file_name);
    EXPECT_EQ(instance.reason.find('/'), std::string::npos) << instance.reason;
  }
}

TEST_F(Alone, DryRunTouchesNothing) {
  sweep::Options options = *options_;
  options.job.out = folder() / "dry";
  const std::string plan = sweep::dry_run(options, 2);
  EXPECT_NE(plan.find("225 cells"), std::string::npos) << plan;  // 3 tasks x 3 instances x 25 columns
  EXPECT_FALSE(std::filesystem::exists(options.job.out));
}

TEST(Tiles, FollowFromShapeAlone) {
  checkpoint::DecoderConfig config;  // 7B
  const std::int64_t positions = engine::default_tile_positions(config, 2);
  EXPECT_EQ(positions, (std::int64_t{1} << 30) / (2 * (6 * 4096 + 3 * 11008 + 2 * 32 * 4096)));
  EXPECT_EQ(engine::tile_rows(positions, 650, 32), positions / 650);
  EXPECT_EQ(engine::tile_rows(10, 650, 32), 1);
  EXPECT_EQ(engine::tile_rows(1000000, 650, 32), 32);
}

}  // namespace
}  // namespace hones
