// The answers of a whole sweep's plain column on 200 scenes a task, against transformers' own greedy decoding
// (tests/data/greedy, made by tools/make_fixtures.py greedy).
#include <nlohmann/json.hpp>

#include <hones/base/digest.hpp>
#include <hones/text/prompt.hpp>

#include "sweep/support.hpp"

namespace hones {
namespace {

constexpr double kMargin = 1e-3;      // below it the reference itself hung by a thread
constexpr double kMayDiffer = 0.005;  // of a task's answers
const std::filesystem::path kCheckpoint = HONES_CHECKPOINT;

std::string pictures_digest(const std::filesystem::path& folder) {
  const benchmark::Benchmark benchmark = benchmark::load(folder, "discovery");
  Sha256 digest;
  for (const benchmark::Record& record : benchmark.records)
    digest.update(read_file(benchmark.images / record.file_name));
  return digest.hex();
}

void draw(const nlohmann::json& metadata, const std::filesystem::path& folder) {
  benchmark::SynthOptions synth;
  synth.images = metadata["synth"]["images"];
  synth.seed = metadata["synth"]["seed"];
  synth.near_twins = metadata["synth"]["near_twins"];
  benchmark::PrepareOptions prepare;
  prepare.discovery = metadata["prepare"]["discovery"];
  prepare.dev = metadata["prepare"]["dev"];
  prepare.test = metadata["prepare"]["test"];
  prepare.queries = metadata["prepare"]["queries"];
  prepare.seed = metadata["prepare"]["seed"];
  test::draw_benchmark(folder, synth, prepare);
}

TEST(Greedy, TwoHundredScenesOfEveryGeneratingTaskAsTransformersAnswersThem) {
  const auto fixture =
      nlohmann::json::parse(read_file(std::filesystem::path(HONES_TEST_DATA) / "greedy" / "expected.json"));
  const nlohmann::json& metadata = fixture["metadata"];
  ASSERT_EQ(metadata["weights_sha256"], sha256_file(kCheckpoint / "model.safetensors"))
      << "the checkpoint is not the one of the fixture: tools/make_fixtures.py greedy";
  const test::Scratch scratch;
  draw(metadata, scratch.path());
  ASSERT_EQ(metadata["pictures_sha256"], pictures_digest(scratch.path() / "benchmark"))
      << "synth draws other pictures than those of the fixture: tools/make_fixtures.py greedy";

  sweep::Options options = test::small_run(scratch.path(), "out");
  options.selection.model = kCheckpoint;
  options.selection.instances = -1;
  options.engine.heads = {{0, 0}};
  options.ranking.top_k = options.ranking.stored_heads = 1;
  options.engine.max_new_tokens = metadata["max_new_tokens"];
  options.engine.dtype = choice::NumberFormat::fp32;
  sweep::discover(options, *comm::local());

  const text::Tokenizer tokenizer = text::Tokenizer::from_file(kCheckpoint / "tokenizer.json");
  const store::DiscoveryContents results = store::read_discovery(options.job.out / "discovery.h5");
  ASSERT_EQ(results.tasks.size(), 3U);
  for (const store::TaskContents& task : results.tasks) {
    SCOPED_TRACE(task.cells.task);
    const nlohmann::json& expected = fixture[task.cells.task];
    ASSERT_EQ(expected.size(), 200U);
    ASSERT_EQ(task.cells.own.size(), expected.size());
    int differ = 0;
    for (const table::CellBlock& block : task.cells.own) {
      const nlohmann::json& answer = expected[static_cast<std::size_t>(block.instance)];
      ASSERT_EQ(task.cells.instances[static_cast<std::size_t>(block.instance)].image_id, answer["image_id"]);
      const std::vector<std::int64_t> ids(block.answers.at(0).begin(), block.answers.at(0).end());
      const std::string ours = text::answer_text(tokenizer, ids);
      if (ours == answer["answer"]) continue;
      ++differ;
      EXPECT_LT(answer["margin"], kMargin) << answer << " against " << ours;
      std::printf("%s: %s against %s\n", task.cells.task.c_str(), answer.dump().c_str(), ours.c_str());
    }
    EXPECT_LE(differ, kMayDiffer * 200);
  }
}

}  // namespace
}  // namespace hones
