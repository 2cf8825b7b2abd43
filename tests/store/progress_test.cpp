#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/file.hpp>
#include <hones/store/progress.hpp>

namespace hones::store {
namespace {

Progress at(double t, const std::string& phase = "heads") {
  Progress progress;
  progress.t = t;
  progress.phase = phase;
  progress.cells_done = 1234;
  progress.cells_all = 5678;
  progress.units_done = 31;
  progress.positions_per_s = 5400.4;
  progress.eta_s = 250.0;
  progress.ranks = {{"node0", "busy", 17, 0.9}, {"node1", "waiting", -1, 0.4}};
  return progress;
}

// Runs `reports` on a log and gives back what it wrote: the file's lines and the text for people.
template <typename Reports>
std::pair<std::vector<std::string>, std::string> logged(bool terminal, Reports reports) {
  const auto file = std::filesystem::temp_directory_path() / ("hones_progress_" + std::to_string(::getpid()));
  std::filesystem::remove(file);
  std::FILE* people = std::tmpfile();
  {
    ProgressLog log(file, people, terminal);
    reports(log);
  }
  std::string said(static_cast<std::size_t>(std::ftell(people)), '\0');
  std::rewind(people);
  EXPECT_EQ(std::fread(said.data(), 1, said.size(), people), said.size());
  std::fclose(people);
  std::vector<std::string> lines;
  std::istringstream text(read_file(file));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  std::filesystem::remove(file);
  return {lines, said};
}

TEST(Progress, AsJson) {
  const auto json = nlohmann::json::parse(progress_json(at(10)));
  EXPECT_EQ(json["t"], 10);
  EXPECT_EQ(json["phase"], "heads");
  EXPECT_EQ(json["cells_done"], 1234);
  EXPECT_EQ(json["cells_all"], 5678);
  EXPECT_EQ(json["positions_per_s"], 5400.4);
  EXPECT_EQ(json["eta_s"], 250);
  EXPECT_EQ(json["excluded"], 0);
  ASSERT_EQ(json["ranks"].size(), 2u);
  EXPECT_EQ(json["ranks"][0]["state"], "busy");
  EXPECT_EQ(json["ranks"][0]["unit"], 17);
  EXPECT_EQ(json["ranks"][1]["node"], "node1");
  EXPECT_EQ(json["checkpoints"], 0);
  EXPECT_EQ(json["ranks"][1]["busy_share"], 0.4);
  auto unknown = at(10);
  unknown.eta_s.reset();
  EXPECT_TRUE(nlohmann::json::parse(progress_json(unknown))["eta_s"].is_null());
}

TEST(Progress, AsALine) {
  EXPECT_EQ(
      progress_line(at(10)),
      "heads 1,234/5,678 cells (21.7 %), 3.1 units/s, 5,400 positions/s, 1/2 ranks busy, ETA 4 min 10 s");
  Progress load;
  load.phase = "load";
  load.excluded = 2;
  EXPECT_EQ(progress_line(load), "load, 2 excluded");
}

TEST(ProgressLog, IsSparing) {
  const auto report = [](ProgressLog& log) {
    for (int i = 0; i <= 650; ++i) log.report(at(0.1 * i));  // 65 seconds
    log.report(at(65.1, "neurons"));
    log.report_now(at(65.2, "neurons"));
  };
  const auto [lines, said] = logged(false, report);
  EXPECT_GE(lines.size(), 60u);
  EXPECT_LE(lines.size(), 68u);
  for (const auto& line : lines) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 5);  // 0, 30, 60 s, the new phase, its end
  EXPECT_EQ(said.find('\r'), std::string::npos);
}

TEST(ProgressLog, WritesOverItsLineOnATerminal) {
  const auto [lines, said] = logged(true, [](ProgressLog& log) {
    for (int i = 0; i < 100; ++i) log.report(at(0.01 * i));
    auto shorter = at(1.5);
    shorter.eta_s.reset();
    log.report(shorter);
  });
  const auto redraws = std::count(said.begin(), said.end(), '\r');
  EXPECT_GE(redraws, 5);
  EXPECT_LE(redraws, 7);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  EXPECT_EQ(said.back(), '\n');
  EXPECT_NE(said.find("ranks busy   "), std::string::npos);  // the longer line is covered
}

}  // namespace
}  // namespace hones::store
