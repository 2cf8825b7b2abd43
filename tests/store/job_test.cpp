// What `watch` says of a job's folder, live, stopped, done.
#include <gtest/gtest.h>

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
  EXPECT_FALSE(view.finished);
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
  // The same folder at work again: run.json is that of the last end.
  append_line(scratch.path() / "progress.jsonl", progress_json(at_work()));
  EXPECT_FALSE(view_of(scratch.path()).finished);
}

TEST(Job, AFolderOfSomethingElse) {
  const test::Scratch scratch;
  EXPECT_THROW(view_of(scratch.path()), DataError);
  write_file(scratch.path() / "progress.jsonl", "no JSON\n");
  EXPECT_THROW(view_of(scratch.path()), DataError);
}

}  // namespace
}  // namespace hones::store
