// What `watch` says of a job's folder, live, stopped, done.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/store/job.hpp>

#include "support/scratch.hpp"

namespace hones::store {
namespace {

Progress at_work() {
  Progress progress;
  progress.t = 12;
  progress.phase = "heads";
  progress.cells_done = 50;
  progress.cells_all = 200;
  progress.units_done = 3;
  progress.positions_per_s = 900;
  progress.eta_s = 36.0;
  progress.checkpoints = 2;
  progress.ranks = {{"node0", "busy", 17, 0.9}, {"node1", "waiting", -1, 0.4}};
  return progress;
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST(Job, AtWork) {
  const test::Scratch scratch;
  append_line(scratch.path() / "progress.jsonl", progress_json(Progress{}));
  append_line(scratch.path() / "progress.jsonl", progress_json(at_work()));
  write_file(scratch.path() / "ledger.h5", "12345");
  const JobView view = view_of(scratch.path());
  ASSERT_TRUE(view.progress);
  EXPECT_EQ(view.progress->cells_done, 50);
  EXPECT_EQ(view.progress->ranks.at(1).node, "node1");
  EXPECT_EQ(view.ledger_bytes, 5);
  EXPECT_FALSE(view.ended());
  const std::string text = told(view);
  EXPECT_TRUE(says(text, "heads 50/200 cells (25.0 %)")) << text;
  EXPECT_TRUE(says(text, "2 checkpoints, ledger.h5 ")) << text;
  EXPECT_TRUE(says(text, "    0  node0  busy          17   90 %")) << text;
  EXPECT_TRUE(says(text, "    1  node1  waiting        -   40 %")) << text;
  EXPECT_FALSE(says(text, "nothing was written")) << text;
}

TEST(Job, ALineHalfWrittenIsNotRead) {
  const test::Scratch scratch;
  write_file(scratch.path() / "progress.jsonl", progress_json(at_work()) + "\n{\"t\": 13, \"pha");
  EXPECT_EQ(view_of(scratch.path()).progress->t, 12);
  write_file(scratch.path() / "progress.jsonl", "{\"t\": 13, \"pha");
  EXPECT_FALSE(view_of(scratch.path()).progress);
}

TEST(Job, SilentForLong) {
  const test::Scratch scratch;
  append_line(scratch.path() / "progress.jsonl", progress_json(at_work()));
  std::filesystem::last_write_time(scratch.path() / "progress.jsonl",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::seconds(95));
  EXPECT_TRUE(says(told(view_of(scratch.path())), "nothing was written for 1 min 35 s"));
}

TEST(Job, DoneAndGoneOnWith) {
  const test::Scratch scratch;
  Progress done;
  done.phase = "done";
  done.cells_all = done.cells_done = 200;
  append_line(scratch.path() / "progress.jsonl", progress_json(done));
  write_file(
      scratch.path() / "run.json",
      R"({"seconds": 95, "interruptions": 1, "excluded": [{"task": "vqa", "image_id": "7", "item_id": "70",)"
      R"( "reason": "7.jpg: no JPEG"}]})");
  const std::string text = told(view_of(scratch.path()));
  EXPECT_TRUE(says(text, "done, 200 cells in 1 min 35 s, 1 interruptions before")) << text;
  EXPECT_TRUE(says(text, "excluded: vqa image 7: 7.jpg: no JPEG")) << text;
  // The same folder at work again, run.json an earlier version's: that of the last end.
  append_line(scratch.path() / "progress.jsonl", progress_json(at_work()));
  EXPECT_FALSE(view_of(scratch.path()).ended());
}

TEST(Job, FailedStoppedAndAtWork) {
  const test::Scratch scratch;
  append_line(scratch.path() / "progress.jsonl", progress_json(at_work()));
  write_run_json(scratch.path(), {{"state", "running"}, {"start", "now"}});
  EXPECT_FALSE(view_of(scratch.path()).ended());
  EXPECT_EQ(run_state(scratch.path()), RunState::running);

  const Failure failure{ExitCode::bad_instances, "task vqa: no", 3, "node7"};
  EXPECT_TRUE(fail_run_json(scratch.path(), failure, "2026-01-01T00:00:00Z", 95));
  EXPECT_EQ(run_state(scratch.path()), RunState::failed);
  const std::string text = told(view_of(scratch.path()));
  EXPECT_TRUE(says(text, "failed after 1 min 35 s: task vqa: no (rank 3 on node7, exit code 5)")) << text;
  // The first of several that fail is the one that is told.
  EXPECT_FALSE(fail_run_json(scratch.path(), {ExitCode::rank_failed, "later", 0, "node0"}, "", 96));
  EXPECT_TRUE(says(told(view_of(scratch.path())), "task vqa: no"));

  write_run_json(scratch.path(), {{"state", "stopped"}, {"seconds", 95}});
  EXPECT_TRUE(says(told(view_of(scratch.path())), "stopped after 1 min 35 s")) << text;
}

TEST(Job, AFailureTouchesNoDocumentButOneThatIsRunning) {
  const test::Scratch scratch;
  const Failure failure;
  EXPECT_FALSE(fail_run_json(scratch.path(), failure, "", 1));  // none
  EXPECT_FALSE(run_state(scratch.path()));
  for (const char* text : {R"({"state": "done"})", R"({"seconds": 3})", "no JSON"}) {
    write_file(scratch.path() / "run.json", text);
    EXPECT_FALSE(fail_run_json(scratch.path(), failure, "", 1)) << text;
    EXPECT_EQ(read_file(scratch.path() / "run.json"), text);
    EXPECT_EQ(run_state(scratch.path()), RunState::done) << text;
  }
  // Another rank is at it.
  write_run_json(scratch.path(), {{"state", "running"}});
  write_file(scratch.path() / "run.json.tmp.of_another", "");
  std::filesystem::rename(scratch.path() / "run.json.tmp.of_another", scratch.path() / "run.json.tmp");
  EXPECT_FALSE(fail_run_json(scratch.path(), failure, "", 1));
  EXPECT_EQ(run_state(scratch.path()), RunState::running);
}

TEST(Job, AFolderOfSomethingElse) {
  const test::Scratch scratch;
  EXPECT_THROW(view_of(scratch.path()), DataError);
  write_file(scratch.path() / "progress.jsonl", "no JSON\n");
  EXPECT_THROW(view_of(scratch.path()), DataError);
}

}  // namespace
}  // namespace hones::store
