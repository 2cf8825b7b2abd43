// A generation of the ledger: all ranks write it, one reads the same back; a damaged one is named, and the
// one before it found.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/comm/session.hpp>
#include <hones/store/ledger.hpp>

#include "store/made_run.hpp"

namespace hones::store {
namespace {

using test::Kind;

constexpr Kind kKinds[] = {Kind::vqa, Kind::caption, Kind::nothing, Kind::retrieval};

// As the neuron stage has it: sums of all tasks, some instances in them.
Ledger made_ledger(int rank, int ranks, std::int64_t checkpoints) {
  Ledger ledger;
  ledger.header = test::made_header();
  ledger.state.heads = {70, 1234.5, 10, 4000};
  ledger.state.neurons = {7, 55, 0, 60};
  ledger.state.checkpoints = checkpoints;
  ledger.state.checkpoint_seconds = 0.25;
  ledger.state.interruptions = 2;
  for (const Kind kind : kKinds) {
    LedgerTask& task = ledger.tasks.emplace_back();
    task.cells = test::made_cells(kind, rank, ranks);
    task.sums = test::made_sums(kind);
    for (std::int64_t i = 0; i < task.cells.size(); ++i) task.in_sums.push_back(i % 2 == 1);
    task.invalid_contributions = 3;
  }
  return ledger;
}

class LedgerFile : public testing::Test {
 protected:
  static void SetUpTestSuite() { session_ = new comm::Session(nullptr, nullptr); }
  static void TearDownTestSuite() { delete session_; }
  // The same on every rank: the launcher's process is everyone's parent.
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("hones_ledger_" + std::to_string(::getppid()));
    if (rank() == 0) std::filesystem::create_directories(folder_);
    meet();
    for (const std::int64_t checkpoints : {0, 1})
      report_ = write_ledger(folder_, world(), made_ledger(rank(), world().size(), checkpoints),
                             std::chrono::seconds(60));
  }
  void TearDown() override {
    meet();
    if (rank() == 0) std::filesystem::remove_all(folder_);
    meet();
  }
  static comm::Communicator& world() { return session_->world(); }
  static int rank() { return world().rank(); }
  static void meet() {
    comm::finish(world().barrier(), comm::after(std::chrono::seconds(60)), "a test's barrier");
  }

  static inline comm::Session* session_ = nullptr;
  std::filesystem::path folder_;
  LedgerReport report_;
};

void expect_made_task(const LedgerTask& read, const LedgerTask& made) {
  SCOPED_TRACE(made.cells.task);
  EXPECT_EQ(read.cells.task, made.cells.task);
  EXPECT_EQ(read.cells.definition, made.cells.definition);
  EXPECT_EQ(read.cells.answer_limit, made.cells.answer_limit);
  ASSERT_EQ(read.cells.own.size(), made.cells.own.size());
  for (std::size_t i = 0; i < made.cells.own.size(); ++i) {
    const table::CellBlock &a = read.cells.own[i], &b = made.cells.own[i];
    EXPECT_EQ(a.states, b.states);
    EXPECT_EQ(a.answers, b.answers);
    EXPECT_EQ(a.counts, b.counts);
    EXPECT_EQ(read.cells.instances[i].state, made.cells.instances[i].state);
    EXPECT_EQ(read.cells.instances[i].reason, made.cells.instances[i].reason);
    for (std::size_t c = 0; c < b.states.size(); ++c) {
      if (b.states[c] != table::CellState::unchanged && b.states[c] != table::CellState::changed) continue;
      EXPECT_EQ(a.utility[c], b.utility[c]);
      EXPECT_EQ(a.answer_logprob[c], b.answer_logprob[c]);
    }
  }
  EXPECT_EQ(read.in_sums, made.in_sums);
  EXPECT_EQ(read.invalid_contributions, made.invalid_contributions);
  ASSERT_TRUE(read.sums);
  EXPECT_EQ(read.sums->heads, made.sums->heads);
  EXPECT_EQ(read.sums->valid, made.sums->valid);
  EXPECT_EQ(read.sums->head_drop_sum, made.sums->head_drop_sum);
  EXPECT_EQ(read.sums->head_signed_sum, made.sums->head_signed_sum);
  EXPECT_EQ(read.sums->plain_sum, made.sums->plain_sum);
  EXPECT_EQ(read.sums->plain_instances, made.sums->plain_instances);
  EXPECT_EQ(read.sums->scale, made.sums->scale);
}

TEST_F(LedgerFile, WhatAnyNumberOfRanksWroteIsReadBack) {
  EXPECT_EQ(report_.bytes, static_cast<std::int64_t>(std::filesystem::file_size(folder_ / kLedger)));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ledger.h5.tmp"));
  const FoundLedger found = find_ledger(folder_);
  EXPECT_EQ(found.file, folder_ / kLedger);
  EXPECT_TRUE(found.damaged.empty());
  const Ledger read = read_ledger(found.file), made = made_ledger(-1, 1, 1);
  EXPECT_EQ(read.header.settings_json, made.header.settings_json);
  EXPECT_EQ(read.header.environment, made.header.environment);
  EXPECT_EQ(read_ledger_header(found.file).settings_json, made.header.settings_json);
  EXPECT_EQ(read.state.heads.cells, 70);
  EXPECT_EQ(read.state.heads.layer_positions, 1234.5);
  EXPECT_EQ(read.state.neurons.full_layer_positions, 60);
  EXPECT_EQ(read.state.checkpoints, 1);
  EXPECT_EQ(read.state.checkpoint_seconds, 0.25);
  EXPECT_EQ(read.state.interruptions, 2);
  EXPECT_FALSE(read.state.finished);
  ASSERT_EQ(read.tasks.size(), made.tasks.size());
  for (std::size_t t = 0; t < made.tasks.size(); ++t) expect_made_task(read.tasks[t], made.tasks[t]);
  EXPECT_EQ(read_ledger(folder_ / kPreviousLedger).state.checkpoints, 0);
}

void flip(const std::filesystem::path& file, std::int64_t at) {
  std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
  bytes.seekg(at);
  const char old = static_cast<char>(bytes.get());
  bytes.seekp(at);
  bytes.put(static_cast<char>(old ^ 1));
}

TEST_F(LedgerFile, ADamagedGenerationIsNamedAndTheOneBeforeItFound) {
  if (rank() != 0) return;
  const std::filesystem::path file = folder_ / kLedger;
  const std::string whole = read_file(file);
  const auto expect_previous = [&](const std::string& what) {
    SCOPED_TRACE(what);
    const FoundLedger found = find_ledger(folder_);
    EXPECT_EQ(found.file, folder_ / kPreviousLedger);
    ASSERT_EQ(found.damaged.size(), 1U);
    EXPECT_NE(found.damaged[0].find(file.string() + " is damaged"), std::string::npos) << found.damaged[0];
    write_file(file, whole);
  };
  const auto size = static_cast<std::int64_t>(whole.size());
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{30}, std::int64_t{511}, std::int64_t{512},
                                size / 3, size / 2, size - 1}) {
    flip(file, at);
    expect_previous("a bit of byte " + std::to_string(at));
  }
  for (const std::int64_t length : {std::int64_t{0}, std::int64_t{100}, size / 2, size - 1}) {
    std::filesystem::resize_file(file, static_cast<std::uintmax_t>(length));
    expect_previous("cut to " + std::to_string(length));
  }
  std::filesystem::resize_file(file, static_cast<std::uintmax_t>(size) + 1);
  expect_previous("a byte more");
  std::filesystem::remove(file);  // a kill between the two renames
  EXPECT_EQ(find_ledger(folder_).file, folder_ / kPreviousLedger);

  flip(folder_ / kPreviousLedger, 600);
  try {
    find_ledger(folder_);
    ADD_FAILURE() << "no DataError";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("--restart begins anew"), std::string::npos) << error.what();
  }
  std::filesystem::remove(folder_ / kPreviousLedger);
  EXPECT_TRUE(find_ledger(folder_).file.empty());
}

}  // namespace
}  // namespace hones::store
