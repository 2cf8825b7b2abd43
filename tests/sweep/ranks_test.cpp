// The same results for any number of ranks, unit size and grant order; run under mpirun with 1 to 4 ranks.
// Rank 0 also runs alone, and everything is compared to the bit. Every rank computes and writes whenever
// there are at least as many units as ranks.
#include <algorithm>
#include <cmath>
#include <sstream>

#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/comm/session.hpp>
#include <hones/sweep/ablate.hpp>

#include "sweep/support.hpp"

namespace hones {
namespace {

class Ranks : public testing::Test {
 protected:
  // One folder for the job: drawn by rank 0, its path told to the others.
  static void SetUpTestSuite() {
    session_ = new comm::Session(nullptr, nullptr);
    std::vector<std::byte> path;
    if (world().rank() == 0) {
      scratch_ = new test::Scratch;
      test::draw_benchmark(scratch_->path());
      const std::string text = scratch_->path().string();
      path.assign(reinterpret_cast<const std::byte*>(text.data()),
                  reinterpret_cast<const std::byte*>(text.data() + text.size()));
    }
    world().broadcast(path, 0, comm::after(std::chrono::seconds(60)));
    folder_ = std::string(reinterpret_cast<const char*>(path.data()), path.size());
  }
  static void TearDownTestSuite() {
    wait();
    delete scratch_;
    delete session_;
  }
  static comm::Communicator& world() { return session_->world(); }
  static void wait() {
    comm::finish(world().barrier(), comm::after(std::chrono::seconds(60)), "a test's barrier");
  }

  // Runs `options` on all ranks, and alone on rank 0 with another cutting and order; compares.
  static void compare_with_alone(sweep::Options options) {
    const std::filesystem::path together = options.job.out;
    sweep::discover(options, world());
    if (world().rank() == 0) {
      options.job.out = together.string() + "-alone";
      options.job.unit_instances = 2;
      options.job.unit_layers = 3;
      options.job.grant_seed = 5;
      sweep::discover(options, *comm::local());
      test::expect_same_results(together, options.job.out);
    }
    wait();
  }
  static nlohmann::json run_json(const std::filesystem::path& out) {
    return nlohmann::json::parse(read_file(out / "run.json"));
  }

  static inline comm::Session* session_ = nullptr;
  static inline test::Scratch* scratch_ = nullptr;
  static inline std::filesystem::path folder_;
};

TEST_F(Ranks, UnequalSharesGiveTheSameBits) {
  sweep::Options options = test::small_run(folder_, "unequal");
  options.job.unit_layers = 1;
  compare_with_alone(options);
  if (world().rank() != 0) return;
  const nlohmann::json run = run_json(options.job.out);
  EXPECT_EQ(run["ranks"], world().size());
  std::int64_t written = 0;
  for (int r = 0; r < world().size(); ++r) {
    EXPECT_GT(run["cells_by_rank"][static_cast<std::size_t>(r)], 0) << "rank " << r << " computed nothing";
    EXPECT_GT(run["cells_written_by_rank"][static_cast<std::size_t>(r)], 0)
        << "rank " << r << " wrote nothing";
    written += run["cells_written_by_rank"][static_cast<std::size_t>(r)].get<std::int64_t>();
  }
  EXPECT_EQ(written, 3 * 3 * 25);  // every cell by exactly one rank
  if (world().size() > 1) {
    EXPECT_EQ(run["collective_writes"]["collective"], run["collective_writes"]["datasets"]);
  }
}

TEST_F(Ranks, MoreRanksThanUnits) {
  sweep::Options options = test::small_run(folder_, "few");
  options.selection.tasks = {"ocr"};
  options.selection.instances = 1;
  options.engine.heads = {{2, 1}, {2, 4}};  // one layer: one unit
  compare_with_alone(options);
  if (world().rank() != 0) return;
  const auto contents = store::read_discovery(options.job.out / "discovery.h5");
  EXPECT_EQ(contents.tasks[0].heads.top.size(), 2U);  // heads that were not asked for are not ranked
  const auto& cells = contents.tasks[0].cells;
  EXPECT_EQ(cells.states[cells.at(0, cells.shape.column(2, 0))], table::CellState::not_asked);
  EXPECT_NE(cells.states[cells.at(0, cells.shape.column(2, 4))], table::CellState::not_asked);
}

TEST_F(Ranks, RetrievalOnTheTrainedModel) {
  sweep::Options options = test::small_run(folder_, "retrieval");
  options.selection.model = std::filesystem::path(HONES_CHECKPOINT);
  options.selection.tasks = {"retrieval", "vqa"};
  options.selection.queries = 1;
  options.selection.instances = 1;
  options.engine.heads = {{0, 0}, {3, 2}, {5, 7}};
  options.ranking.stored_heads = 2;
  compare_with_alone(options);
  if (world().rank() != 0) return;
  const auto contents = store::read_discovery(options.job.out / "discovery.h5");
  const auto& cells = contents.tasks[0].cells;
  EXPECT_EQ(cells.candidates, 50);
  EXPECT_EQ(cells.metric, "ndcg5:tie_average");
  for (const float score :
       std::vector<float>(cells.own[0].scores.begin(), cells.own[0].scores.begin() + 50)) {
    EXPECT_LT(score, 0.0F);  // log P(Yes) of the plain run
    EXPECT_TRUE(std::isfinite(score));
  }
}

TEST_F(Ranks, RetrievalInUnequalUnitsGivesTheSameBits) {
  sweep::Options options = test::small_run(folder_, "retrieval-units");
  options.selection.model = std::filesystem::path(HONES_CHECKPOINT);
  options.selection.tasks = {"retrieval"};
  options.selection.queries = 2;
  options.engine.heads = {{0, 0}, {0, 5}, {1, 3}, {3, 2}, {5, 6}};
  options.job.unit_layers = 2;  // layers 0 and 1, 3, 5 of two queries: six units, three heads or one
  options.ranking.stored_heads = 2;
  compare_with_alone(options);
}

// One column of a CSV file, without its name.
std::vector<std::string> csv_column(const std::filesystem::path& file, const std::string& name) {
  const auto fields_of = [](const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
    return fields;
  };
  std::istringstream text(read_file(file));
  std::string line;
  std::getline(text, line);
  const std::vector<std::string> header = fields_of(line);
  const auto at = static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  std::vector<std::string> values;
  while (std::getline(text, line)) values.push_back(fields_of(line).at(at));
  return values;
}

// Every cell asked for is the plain run to the bit, and every number that compares the two is exactly zero.
void expect_null(const std::filesystem::path& folder, const store::TaskContents& task, std::size_t heads) {
  SCOPED_TRACE(task.cells.task);
  const table::TaskCells& cells = task.cells;
  const auto candidates = static_cast<std::size_t>(cells.candidates);
  std::size_t asked = 0;
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    const table::CellBlock& block = cells.own[static_cast<std::size_t>(i)];
    for (std::int64_t c = 1; c < cells.shape.columns(); ++c) {
      if (cells.states[cells.at(i, c)] == table::CellState::not_asked) continue;
      ++asked;
      EXPECT_EQ(cells.states[cells.at(i, c)], table::CellState::unchanged) << i << ", " << c;
      EXPECT_EQ(cells.answer_logprob[cells.at(i, c)], cells.answer_logprob[cells.at(i, 0)]) << i << ", " << c;
      EXPECT_EQ(cells.utility[cells.at(i, c)], cells.utility[cells.at(i, 0)]) << i << ", " << c;
      for (std::size_t k = 0; k < candidates; ++k) {
        EXPECT_EQ(block.scores[static_cast<std::size_t>(c) * candidates + k], block.scores[k])
            << i << ", " << c << ", candidate " << k;
      }
      const auto head = static_cast<std::size_t>(c - 1);
      EXPECT_EQ(task.heads.importance[head], 0.0);
      EXPECT_EQ(task.heads.ci_low[head], 0.0);
      EXPECT_EQ(task.heads.ci_high[head], 0.0);
    }
  }
  EXPECT_EQ(asked, heads * static_cast<std::size_t>(cells.size()));
  const auto drops = csv_column(folder / ("heads." + cells.task + ".csv"), "logprob_drop");
  EXPECT_EQ(drops, std::vector<std::string>(heads, "0"));
  for (const std::int64_t sum : task.sums.head_drop_sum) EXPECT_EQ(sum, 0);
  for (const std::int64_t sum : task.sums.head_signed_sum) EXPECT_EQ(sum, 0);
  EXPECT_FALSE(task.sums.valid.empty());
  for (const std::int64_t valid : task.sums.valid) EXPECT_EQ(valid, cells.size());
}

TEST_F(Ranks, TheNullControlIsExactlyZero) {
  sweep::Options options = test::small_run(folder_, "none");
  options.engine.op = choice::Operator::none;
  sweep::discover(options, world());
  sweep::Options retrieval = options;
  retrieval.job.out = folder_ / "none-retrieval";
  retrieval.selection.model = std::filesystem::path(HONES_CHECKPOINT);
  retrieval.selection.tasks = {"retrieval"};
  retrieval.selection.queries = 1;
  retrieval.ranking.stored_heads = 2;
  for (const int layer : {2, 4}) {
    for (int head = 0; head < 8; ++head) retrieval.engine.heads.push_back({layer, head});
  }
  sweep::discover(retrieval, world());
  if (world().rank() == 0) {
    const auto generating = store::read_discovery(options.job.out / "discovery.h5");
    ASSERT_EQ(generating.tasks.size(), 3U);
    for (const auto& task : generating.tasks) expect_null(options.job.out, task, 24);
    const auto ranking = store::read_discovery(retrieval.job.out / "discovery.h5");
    ASSERT_EQ(ranking.tasks.size(), 1U);
    EXPECT_EQ(ranking.tasks[0].cells.candidates, 50);
    expect_null(retrieval.job.out, ranking.tasks[0], 16);
  }
  wait();
}

TEST_F(Ranks, AnAblationGivesTheSameBits) {
  sweep::Options found = test::small_run(folder_, "found");
  found.ranking.rand_head_seeds = 2;
  found.job.settings_json.insert(1, R"("benchmark.split":"discovery",)");
  compare_with_alone(found);

  sweep::AblateOptions options;
  options.run = test::small_run(folder_, "ablated");
  options.caption_metric = choice::CaptionBleu::corpus;
  options.run.job.settings_json = "{}";
  options.masked.discovery = found.job.out;
  options.masked.strategies = results::kStrategies;
  options.masked.budgets = {0.02, 0.2};
  options.masked.head_budgets = {0, 3, 24};
  options.masked.random_seeds = 2;
  options.masked.sets = {{"own", {{1, 3}, {0, 2}, {1, 3}}}};
  sweep::ablate(options, world());
  if (world().rank() == 0) {
    const std::filesystem::path together = options.run.job.out;
    options.run.job.out = together.string() + "-alone";
    options.run.job.unit_layers = 3;
    options.run.job.unit_instances = 2;
    options.run.job.grant_seed = 5;
    sweep::ablate(options, *comm::local());
    EXPECT_TRUE(test::same_hdf5(together / "ablation.h5", options.run.job.out / "ablation.h5"));
    for (const char* csv : {"ablation.csv", "comparisons.csv"})
      EXPECT_EQ(read_file(together / csv), read_file(options.run.job.out / csv)) << csv;

    // Nothing masked is the plain run to the bit; three tasks, each with rows of every strategy.
    const auto strategies = csv_column(together / "ablation.csv", "strategy");
    const auto budgets = csv_column(together / "ablation.csv", "budget");
    const auto drops = csv_column(together / "ablation.csv", "absolute_drop");
    std::int64_t nothing = 0, own = 0;
    for (std::size_t i = 0; i < strategies.size(); ++i) {
      if (strategies[i] == "heads" && budgets[i] == "0") {
        ++nothing;
        EXPECT_EQ(drops[i], "0");
      }
      if (strategies[i] == "own") {
        ++own;
        EXPECT_EQ(budgets[i], "2");  // repeats count once
      }
    }
    EXPECT_EQ(nothing, 3);
    EXPECT_EQ(own, 3);
    // hones, hones_after_mean, no_head: 2 each; rand_head, random: 2 seeds and their mean, 2 each; heads 3;
    // own 1.
    EXPECT_EQ(strategies.size(), 3U * (3 * 2 + 2 * 2 * 3 + 3 + 1));
  }
  wait();
}

TEST_F(Ranks, GaussianNoiseIsTheSameForAnyRankCount) {
  sweep::Options options = test::small_run(folder_, "gaussian");
  options.engine.op = choice::Operator::gaussian;
  options.selection.instances = 1;
  options.job.unit_layers = 1;
  compare_with_alone(options);
}

TEST_F(Ranks, ABrokenPictureIsExcludedAndListed) {
  const std::filesystem::path copy = folder_ / "broken";
  if (world().rank() == 0) {
    std::filesystem::create_directories(copy);
    std::filesystem::copy(folder_ / "source", copy / "source", std::filesystem::copy_options::recursive);
    const auto whole = benchmark::load(folder_ / "benchmark", "discovery");
    std::filesystem::resize_file(copy / "source/images" / whole.records[1].file_name, 100);
    test::prepare_benchmark(copy, test::small_split());  // notes the broken picture as it is
  }
  wait();
  sweep::Options options = test::small_run(copy, "out");
  options.selection.tasks = {"vqa", "ocr"};
  options.job.unit_layers = 1;
  compare_with_alone(options);
  if (world().rank() == 0) {
    const auto contents = store::read_discovery(options.job.out / "discovery.h5");
    for (const auto& task : contents.tasks) {
      EXPECT_EQ(task.cells.instances[1].state, table::InstanceState::excluded);
      EXPECT_NE(task.cells.instances[1].reason.find(".jpg"), std::string::npos)
          << task.cells.instances[1].reason;
      EXPECT_EQ(task.cells.instances[0].state, table::InstanceState::done);
      EXPECT_EQ(task.cells.states[task.cells.at(1, 0)], table::CellState::not_done);
      EXPECT_EQ(task.heads.valid[0], 2U);
      EXPECT_EQ(task.sums.valid[0], 2);
    }
    const nlohmann::json run = run_json(options.job.out);
    ASSERT_EQ(run["excluded"].size(), 2U);  // once a task, however many units met it
    EXPECT_EQ(run["excluded"][0]["task"], "vqa");
    std::filesystem::remove(benchmark::load(copy / "benchmark", "discovery").images /
                            benchmark::load(copy / "benchmark", "discovery").records[2].file_name);
  }
  wait();
  options.job.out = copy / "out2";
  try {  // two of three are more than max_bad allows: every rank gets the same error
    sweep::discover(options, world());
    ADD_FAILURE() << "two unusable pictures of three did not end the run";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_instances);
    EXPECT_NE(std::string(error.what()).find("2 of 3 instances"), std::string::npos) << error.what();
  }
  wait();
}

}  // namespace
}  // namespace hones
