// What a forecast says of a sweep, held against the sweep.
#include <hones/bench/bench.hpp>
#include <hones/sweep/forecast.hpp>

#include "sweep/support.hpp"

namespace hones {
namespace {

class Forecast : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<test::Scratch>();
    test::draw_benchmark(scratch_->path());
  }
  static void TearDownTestSuite() { scratch_.reset(); }

  // Captions of random weights run to the limit, and so do the references at this one.
  static sweep::Options options(std::vector<std::string> tasks) {
    sweep::Options options = test::small_run(scratch_->path(), "out");
    options.selection.tasks = std::move(tasks);
    options.selection.instances = 2;
    options.selection.queries = 1;
    return options;
  }

  static double measured(const sweep::Options& run, const std::string& form, std::vector<double> changed) {
    bench::BenchOptions bench;
    bench.run = run;
    bench.forms = {form};
    bench.changed = std::move(changed);
    return bench::bench(bench).rows.at(0).useful_flops;
  }

  static std::unique_ptr<test::Scratch> scratch_;
};

std::unique_ptr<test::Scratch> Forecast::scratch_;

TEST_F(Forecast, FlopsAreThoseOfTheSweep) {
  const sweep::Options captions = options({"caption"});
  const sweep::Forecast plan = sweep::forecast(captions, 1, 0);
  EXPECT_NEAR(plan.head_flops / measured(captions, "engine", {0}), 1, 1e-9);
  EXPECT_EQ(plan.changed_flops, 0);

  // Every answer decodes from its first id on, where a forecast cannot know that fewer do.
  const sweep::Forecast all = sweep::forecast(captions, 1, 1);
  EXPECT_NEAR(all.head_flops / plan.head_flops, 1, 1e-12);
  EXPECT_NEAR((all.head_flops + all.changed_flops) / measured(captions, "engine", {1}), 1, 1e-9);

  sweep::Options queries = options({"retrieval"});
  queries.selection.model = HONES_CHECKPOINT;  // one that has Yes and No
  EXPECT_NEAR(sweep::forecast(queries, 1, 0).head_flops / measured(queries, "engine", {}), 1, 1e-9);
  sweep::Options apart = queries;
  apart.engine.tree = false;
  EXPECT_GT(sweep::forecast(apart, 1, 0).head_flops, 2 * sweep::forecast(queries, 1, 0).head_flops);
}

TEST_F(Forecast, MemoryFollowsTheSettings) {
  const sweep::Forecast::Memory captions = sweep::forecast(options({"caption"}), 1, 0).memory;
  const sweep::Forecast::Memory decoding = sweep::forecast(options({"caption"}), 1, 1).memory;
  const sweep::Forecast::Memory queries = sweep::forecast(options({"retrieval"}), 1, 0).memory;
  EXPECT_TRUE(captions.weights_shared);  // fp32 in the file and in the run
  EXPECT_GT(captions.weights, 0);
  EXPECT_EQ(captions.changed_rows, 0);
  EXPECT_GT(decoding.head_stage(), captions.head_stage());
  EXPECT_GT(queries.state, captions.state);
  EXPECT_EQ(queries.weights, captions.weights);

  sweep::Options half = options({"caption"});
  half.engine.dtype = choice::NumberFormat::bf16;
  half.engine.tile_positions = sweep::forecast(options({"caption"}), 1, 0).tile_positions;
  const sweep::Forecast::Memory bf16 = sweep::forecast(half, 1, 0).memory;
  EXPECT_FALSE(bf16.weights_shared);
  EXPECT_EQ(2 * bf16.weights, captions.weights);
  EXPECT_EQ(2 * bf16.state, captions.state);
}

TEST_F(Forecast, MoreRanksMoreUnitsNoMoreWork) {
  const sweep::Forecast one = sweep::forecast(options({"vqa", "caption"}), 1, 0.1);
  const sweep::Forecast eight = sweep::forecast(options({"vqa", "caption"}), 8, 0.1);
  EXPECT_GT(eight.head_units, one.head_units);
  EXPECT_DOUBLE_EQ(eight.flops(), one.flops());
  EXPECT_EQ(one.cells, 2 * 2 * 25);
}

}  // namespace
}  // namespace hones
