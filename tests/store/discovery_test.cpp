// What all ranks wrote together is what one process would have written.
#include <bit>
#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/comm/session.hpp>
#include <hones/store/discovery_file.hpp>

#include "store/made_run.hpp"

namespace hones::store {
namespace {

using test::Kind;

constexpr Kind kKinds[] = {Kind::vqa, Kind::caption, Kind::nothing, Kind::retrieval};

// The same on every rank: the launcher's process is everyone's parent.
std::filesystem::path file_for(const std::string& name) {
  return std::filesystem::temp_directory_path() /
         ("hones_store_" + std::to_string(::getppid()) + "_" + name + ".h5");
}

SlabReport write(const std::filesystem::path& file, comm::Communicator& world) {
  DiscoveryWriter writer(file, world, test::made_header(), std::chrono::seconds(60));
  for (const Kind kind : kKinds) {
    writer.write_task(test::made_cells(kind, world.rank(), world.size()), test::made_heads(kind),
                      test::made_sums(kind), test::made_neurons(kind));
  }
  return writer.finish();
}

template <typename T>
void expect_same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(std::bit_cast<Bits>(a[i]), std::bit_cast<Bits>(b[i])) << "element " << i;
}

void expect_same_cells(const table::TaskCells& read, const table::TaskCells& made) {
  EXPECT_EQ(read.task, made.task);
  EXPECT_EQ(read.metric, made.metric);
  EXPECT_EQ(read.definition, made.definition);
  EXPECT_EQ(read.shape, made.shape);
  EXPECT_EQ(read.candidates, made.candidates);
  EXPECT_EQ(read.answer_limit, made.answer_limit);
  EXPECT_EQ(read.counts, made.counts);
  ASSERT_EQ(read.size(), made.size());
  for (std::size_t i = 0; i < made.instances.size(); ++i) {
    EXPECT_EQ(read.instances[i].image_id, made.instances[i].image_id);
    EXPECT_EQ(read.instances[i].item_id, made.instances[i].item_id);
    EXPECT_EQ(read.instances[i].state, made.instances[i].state);
    EXPECT_EQ(read.instances[i].reason, made.instances[i].reason);
  }
  EXPECT_EQ(read.states, made.states);
  expect_same_bits(read.utility, made.utility);
  expect_same_bits(read.answer_logprob, made.answer_logprob);
  ASSERT_EQ(read.own.size(), made.own.size());
  for (std::size_t i = 0; i < made.own.size(); ++i) {
    SCOPED_TRACE("instance " + std::to_string(i));
    EXPECT_EQ(read.own[i].instance, made.own[i].instance);
    EXPECT_EQ(read.own[i].begin, made.own[i].begin);
    EXPECT_EQ(read.own[i].states, made.own[i].states);
    expect_same_bits(read.own[i].scores, made.own[i].scores);
    EXPECT_EQ(read.own[i].counts, made.own[i].counts);
    EXPECT_EQ(read.own[i].answers, made.own[i].answers);
  }
}

void expect_same_tables(const TaskContents& read, Kind kind) {
  const HeadTables heads = test::made_heads(kind);
  EXPECT_EQ(read.heads.importance, heads.importance);
  EXPECT_EQ(read.heads.ci_low, heads.ci_low);
  EXPECT_EQ(read.heads.ci_high, heads.ci_high);
  EXPECT_EQ(read.heads.answers_changed, heads.answers_changed);
  EXPECT_EQ(read.heads.valid, heads.valid);
  EXPECT_EQ(read.heads.top, heads.top);
  EXPECT_EQ(read.heads.split_half_overlap, heads.split_half_overlap);
  EXPECT_EQ(read.heads.plain_metric, heads.plain_metric);
  EXPECT_EQ(read.heads.plain_together, heads.plain_together);
  const table::NeuronSums sums = test::made_sums(kind);
  EXPECT_EQ(read.sums.heads, sums.heads);
  EXPECT_EQ(read.sums.valid, sums.valid);
  EXPECT_EQ(read.sums.head_drop_sum, sums.head_drop_sum);
  EXPECT_EQ(read.sums.head_signed_sum, sums.head_signed_sum);
  EXPECT_EQ(read.sums.plain_sum, sums.plain_sum);
  EXPECT_EQ(read.sums.plain_instances, sums.plain_instances);
  EXPECT_EQ(read.sums.scale, sums.scale);
  const NeuronTables neurons = test::made_neurons(kind);
  EXPECT_EQ(read.neurons.plain, neurons.plain);
  EXPECT_EQ(read.neurons.per_instance, neurons.per_instance);
  EXPECT_EQ(read.neurons.after_mean, neurons.after_mean);
  EXPECT_EQ(read.neurons.top, neurons.top);
  EXPECT_EQ(read.neurons.mode, neurons.mode);
}

void expect_made_run(const DiscoveryContents& read) {
  const FileHeader header = test::made_header();
  EXPECT_EQ(read.header.model_family, header.model_family);
  EXPECT_EQ(read.header.shape, header.shape);
  EXPECT_EQ(read.header.dtype, header.dtype);
  EXPECT_EQ(read.header.model_digest, header.model_digest);
  EXPECT_EQ(read.header.benchmark_digest, header.benchmark_digest);
  EXPECT_EQ(read.header.settings_json, header.settings_json);
  EXPECT_EQ(read.header.environment, header.environment);
  ASSERT_EQ(read.tasks.size(), std::size(kKinds));
  for (std::size_t t = 0; t < read.tasks.size(); ++t) {
    SCOPED_TRACE(read.tasks[t].cells.task);
    expect_same_cells(read.tasks[t].cells, test::made_cells(kKinds[t], -1, 1));
    expect_same_tables(read.tasks[t], kKinds[t]);
  }
  // The same at every number of ranks, because it is written here.
  EXPECT_EQ(test::digest(read), "6571fd576cbf1e0318f5c115f77094f731ea840fec71d9ef7945b448920efe18");
}

std::int64_t computed_by(int rank, int ranks) {
  std::int64_t count = 0;
  for (const Kind kind : kKinds) {
    for (const auto& block : test::made_cells(kind, rank, ranks).own) {
      for (const auto state : block.states) {
        count += state != table::CellState::not_done && state != table::CellState::not_asked;
      }
    }
  }
  return count;
}

TEST(Discovery, RanksWriteTogetherWhatTheyComputed) {
  comm::Session session(nullptr, nullptr);
  comm::Communicator& world = session.world();
  const auto file = file_for("ranks");
  const SlabReport report = write(file, world);
  EXPECT_GT(report.datasets, 4 * 20);
  EXPECT_EQ(report.collective, report.datasets);
  EXPECT_EQ(report.elements_by_me, computed_by(world.rank(), world.size()));
  EXPECT_EQ(report.elements_by_me > 0, world.size() == 1 || world.rank() != world.size() - 1);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".tmp"));
  expect_made_run(read_discovery(file));
  comm::finish(world.barrier(), comm::after(std::chrono::seconds(20)), "reading");
  if (world.rank() == 0) std::filesystem::remove(file);
}

TEST(Discovery, OneProcessWritesTheSameSerially) {
  const auto world = comm::local();
  const auto file = file_for("local_" + std::to_string(::getpid()));
  const SlabReport report = write(file, *world);
  EXPECT_EQ(report.collective, 0);
  EXPECT_EQ(report.elements_by_me, computed_by(0, 1));
  expect_made_run(read_discovery(file));
  // Nothing in the file tells when or by whom it was made.
  const std::string bytes = read_file(file);
  write(file, *world);
  EXPECT_EQ(read_file(file), bytes);
  std::filesystem::remove(file);
}

TEST(Discovery, AnUnfinishedFileIsRemoved) {
  comm::Session session(nullptr, nullptr);
  comm::Communicator& world = session.world();
  const auto file = file_for("unfinished");
  { const DiscoveryWriter writer(file, world, test::made_header()); }
  comm::finish(world.barrier(), comm::after(std::chrono::seconds(20)), "removing");
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".tmp"));
}

TEST(Discovery, BlocksThatAreNotTheTableAreRefused) {
  comm::Session session(nullptr, nullptr);
  comm::Communicator& world = session.world();
  const auto file = file_for("refused");
  DiscoveryWriter writer(file, world, test::made_header(), std::chrono::seconds(60));
  const auto write_cells = [&](const table::TaskCells& cells) {
    writer.write_task(cells, test::made_heads(Kind::vqa), test::made_sums(Kind::vqa),
                      test::made_neurons(Kind::vqa));
  };
  const auto mine = test::made_cells(Kind::vqa, world.rank(), world.size());

  auto lost = mine;  // a block of rank 0 is nowhere
  if (world.rank() == 0) lost.own.pop_back();
  EXPECT_THROW(write_cells(lost), InternalError);
  if (world.size() > 1) {  // two ranks hold the same cells
    auto doubled = mine;
    if (world.rank() == 1) doubled.own = test::made_cells(Kind::vqa, 0, world.size()).own;
    EXPECT_THROW(write_cells(doubled), InternalError);
  }
  auto foreign = mine;
  foreign.shape.d_ff += 1;
  EXPECT_THROW(write_cells(foreign), InternalError);
}

}  // namespace
}  // namespace hones::store
